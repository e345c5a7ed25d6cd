"""A hook of mkdocs: links from a page to files that are not on the site lead to the repository."""

import posixpath
import re
from typing import Any

_LINK = re.compile(r"\]\((\.\./[^)#\s]+)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """The text of a page with such links replaced; mkdocs calls this by its name."""
    folder = posixpath.dirname(page.file.src_uri)

    def away(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("docs", folder, match[1]))
        if path.startswith("docs/"):
            return match[0]
        kind = "blob" if posixpath.splitext(path)[1] else "tree"
        return f"]({config.repo_url}/{kind}/main/{path}{match[2] or ''})"

    return _LINK.sub(away, markdown)
