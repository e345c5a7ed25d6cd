"""Whether a file that lgc wrote is the model: vectors, comparison, triage, formal proof, mutation, coverage."""

from __future__ import annotations

from lgc.verbs import make_callable

make_callable(__name__)
