"""No module imports itself by way of others, wherever in the text the imports stand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent

Graph = dict[str, set[str]]


def module_of(path: Path, root: Path) -> str:
    """``lgc/ir/text.py`` is lgc.ir.text, and ``lgc/ir/__init__.py`` lgc.ir."""
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def imports(node: ast.AST) -> Iterator[str]:
    """What a text imports, in functions too, but not for types only: of ``from a import b`` both ``a`` and ``a.b``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (one.name for one in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module and not child.level:
            yield child.module
            yield from (f"{child.module}.{one.name}" for one in child.names)
        yield from imports(child)


def import_graph(texts: dict[str, str]) -> Graph:
    """Module to the modules that it names. A name of a package's own module is that module, not the package."""
    graph: Graph = {}
    for module, text in texts.items():
        found = set(imports(ast.parse(text)))
        inner = {name for name in found if name in texts}
        packages = {name.rpartition(".")[0] for name in inner}
        # `from lgc.ir import text` names the package only on the way to a module of it.
        whole = {name.rpartition(".")[0] for name in found - inner}
        graph[module] = {name for name in inner if name not in packages or name in whole} - {module}
    return graph


def circles(graph: Graph) -> list[set[str]]:
    """Sets of modules that all import one another by way of others."""
    reached = {start: reach(graph, start) for start in graph}
    together = [{other for other in reached[one] if one in reached[other]} for one in graph]
    return sorted({frozenset(one) for one in together if one}, key=sorted)  # type: ignore[arg-type]


def reach(graph: Graph, start: str) -> set[str]:
    """The modules that one imports, and those that they import, and so on."""
    seen: set[str] = set()
    waiting = [*graph[start]]
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += graph[module]
    return seen


def test_no_module_imports_itself_by_way_of_others() -> None:
    texts = {module_of(path, ROOT): path.read_text(encoding="utf-8") for path in sorted((ROOT / "lgc").glob("**/*.py"))}
    assert circles(import_graph(texts)) == []


def test_circles_are_found_in_functions_and_through_packages() -> None:
    texts = {
        "a": "from a.x import one",
        "a.x": "def f():\n    from a.y import two",
        "a.y": "from a import x",
        "a.z": "from a import thing\nif TYPE_CHECKING:\n    import a.w",
        "a.w": "import a.z",
    }
    assert circles(import_graph(texts)) == [{"a.x", "a.y"}]
    assert circles(import_graph(texts | {"a.x": "from a import thing"})) == [{"a", "a.x"}]
