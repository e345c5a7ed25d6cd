"""The one protocol of progress; see :mod:`lgc.progress`, where every room can reach it."""

from lgc.progress import PlainLines, Progress, Silence

__all__ = ["PlainLines", "Progress", "Silence"]
