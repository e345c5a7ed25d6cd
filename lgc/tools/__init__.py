"""External programs: where they are, what to do where one is missing, and the one way to run them."""
