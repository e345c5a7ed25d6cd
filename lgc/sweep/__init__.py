"""Sweeps: a space of settings, the study that walks through it, and the workers that train.

Nothing here knows what a trial does: a task is a function of a request, which :mod:`lgc.driver.sweep` gives.
"""

from __future__ import annotations

from lgc.sweep.goals import Bound, Goal
from lgc.sweep.space import Space
from lgc.verbs import make_callable

__all__ = ["Bound", "Goal", "Space"]

make_callable(__name__)
