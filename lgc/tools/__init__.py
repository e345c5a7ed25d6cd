"""External programs: where they are, and the one way to run them."""
