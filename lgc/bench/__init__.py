"""Benchmarks, a module each: ``rows()`` measures and ``markdown()`` prints the tables of docs/benchmarks.md."""
