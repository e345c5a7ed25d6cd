"""One name, one thing: no public class or function name stands for two things in lgc."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent

ALLOWED = {
    "main": "entry points of programs",
    "markdown": "each benchmark has one, for docs/benchmarks.md",
    "rows": "each benchmark has them",
    **dict.fromkeys(("cover", "mutate", "prove", "train"), "the verb of the driver, and the work itself"),
}
"""Names that may occur twice, and why."""

TO_RENAME = {
    "estimate": "mapping",
}
"""Names that mean two things still, and the room that renames one. It only shrinks."""

VERBS = ("lgc.cli", "lgc.driver", "lgc.api")
"""A verb is a command, a function of the driver and one of Python, by one name."""


@dataclass
class Definitions:
    """Top-level names of a package, by file.

    Attributes:
        places: name to the modules that define it.
        bases: name to the names of the bases of each class of that name.
        protocols: package and method name, of every Protocol.
    """

    places: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    bases: dict[str, list[set[str]]] = field(default_factory=lambda: defaultdict(list))
    protocols: set[tuple[str, str]] = field(default_factory=set)

    def add(self, module: str, tree: ast.Module) -> None:
        for node in tree.body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            self.places[node.name].append(module)
            bases = {ast.unparse(base).split("[")[0] for base in getattr(node, "bases", ())}
            self.bases[node.name].append(bases)
            if "Protocol" in bases:
                methods = (one.name for one in node.body if isinstance(one, ast.FunctionDef))
                self.protocols |= {(module.rpartition(".")[0], method) for method in methods}

    def ambiguous(self) -> set[str]:
        """Names defined twice without a base that both share, or a protocol of their package with such a method."""
        return {name for name, places in self.places.items() if len(places) > 1 and not self._shared(name, places)}

    def _shared(self, name: str, places: list[str]) -> bool:
        if all(place.startswith(VERBS) for place in places):
            return any(place == f"lgc.driver.{name}" for place in places)
        packages = {place.rpartition(".")[0] for place in places}
        one_protocol = len(packages) == 1 and (packages.pop(), name) in self.protocols
        return one_protocol or bool(set.intersection(*self.bases[name]) - {"Protocol", "ABC", "Exception"})


def definitions() -> Definitions:
    found = Definitions()
    for path in sorted((ROOT / "lgc").glob("**/*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        module = ".".join(parts[:-1] + (("__init__",) if parts[-1] == "__init__" else parts[-1:]))
        found.add(module, ast.parse(path.read_text(encoding="utf-8")))
    return found


def test_no_name_means_two_things() -> None:
    assert definitions().ambiguous() - {*ALLOWED, *TO_RENAME} == set()


def test_shared_bases_and_protocols_are_told_from_two_meanings() -> None:
    found = Definitions()
    texts = {
        "a.one": "class P(Protocol):\n    def run(self): ...\nclass A(Base): ...\nclass B: ...\ndef run(): ...\n",
        "a.two": "class A(Base): ...\nclass B(Other): ...\ndef run(): ...\ndef walk(): ...\ndef _own(): ...\n",
        "b.one": "def walk(): ...\ndef _own(): ...\n",
    }
    for module, text in texts.items():
        found.add(module, ast.parse(text))
    assert found.ambiguous() == {"B", "walk"}
