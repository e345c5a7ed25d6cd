"""Benchmarks, a module each: ``rows()`` measures and ``markdown()`` prints the tables of docs/benchmarks.md."""

from __future__ import annotations

from lgc.verbs import make_callable

make_callable(__name__)
