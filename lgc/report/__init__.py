"""Reports and pictures of networks: what is on them, and how they look in HTML, Markdown, SVG and PNG.

Nothing here runs a tool or reads a file of the user's: the driver gathers what is known, and this room shows it.
"""

from __future__ import annotations

from lgc.verbs import make_callable

make_callable(__name__)
