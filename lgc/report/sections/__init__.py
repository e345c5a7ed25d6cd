"""The sections of a report, one function each: from what is known of a network to what is shown of it."""
