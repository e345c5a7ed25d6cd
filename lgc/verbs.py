"""Packages that are verbs: ``lgc.train`` is the trainer's package, and ``lgc.train("mnist", ...)`` trains.

Python binds a package to its name in the parent as soon as anything in it is imported, so a function of that name would
be gone from then on. The package is made callable instead; what it calls is the function of its name in :mod:`lgc.api`.
"""

from __future__ import annotations

import importlib
import sys
from inspect import Signature, signature
from types import ModuleType
from typing import Any


class VerbModule(ModuleType):
    """A package that can be called."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """What the function of this name in :mod:`lgc.api` does."""
        return self.verb(*args, **options)

    @property
    def verb(self) -> Any:
        """The function."""
        return getattr(importlib.import_module("lgc.api"), self.__name__.rpartition(".")[2])

    @property
    def __signature__(self) -> Signature:
        return signature(self.verb)


def make_callable(package: str) -> None:
    """Make a package of lgc callable; called by the package itself."""
    sys.modules[package].__class__ = VerbModule
