"""The one protocol of progress; see :mod:`lgc.progress`, where every room can reach it."""

from lgc.progress import Progress, Silence

__all__ = ["Progress", "Silence"]
