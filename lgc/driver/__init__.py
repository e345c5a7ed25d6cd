"""One module a verb: a request to a result. No printing, no click."""
