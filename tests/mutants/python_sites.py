"""Where Python can be wrong: changes of comparisons, conditions, arithmetic, numbers, statements, arguments, results.

What people read is left alone (docstrings, errors, their hints), and so are annotations. A string of a backend that
holds lines of another language is changed as code of that language is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mutants.sites import Mutant, numbered

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is",
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "+", ast.FloorDiv: "*", ast.Div: "*", ast.Mod: "//", ast.Pow: "*",
    ast.LShift: ">>", ast.RShift: "<<", ast.BitAnd: "|", ast.BitOr: "&", ast.BitXor: "|",
}  # fmt: skip
_EMITTED = (
    ("posedge", "negedge"), (" & ", " | "), (" | ", " & "), (" ^ ", " & "), (" + ", " - "), (" - ", " + "),
    (" == ", " != "), (" < ", " <= "), (" > ", " >= "), (" >= ", " > "), ("<<", ">>"), (">>", "<<"), ("~", ""),
    ("1'b0", "1'b1"), ("1'b1", "1'b0"), (" ? ", " || "),
)  # fmt: skip
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_mutants(path: str, source: str) -> list[Mutant]:
    """Every mutant of a Python file, in order."""
    return numbered(_Finder(path, source).find())


class _Finder:
    """Walks a module; ``found`` are triples of an operator, a node or a span, and what stands there instead."""

    def __init__(self, path: str, source: str) -> None:
        self.path, self.source = path, source
        self.lines = source.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.emits = path.startswith("lgc/backend/")

    def find(self) -> Iterator[Mutant]:
        yield from self._walk(ast.parse(self.source), "")

    def _walk(self, node: ast.AST, function: str) -> Iterator[Mutant]:
        for child in ast.iter_child_nodes(node):
            if _for_people(child) or _annotation(node, child) or isinstance(node, ast.JoinedStr):
                continue  # Python 3.11 knows no places inside of an f-string
            inside = function
            if isinstance(child, _Function | ast.ClassDef):
                inside = f"{function}.<locals>" if function and isinstance(node, _Function) else function
                inside = f"{inside}.{child.name}".lstrip(".")
            yield from self._here(child, inside if not isinstance(child, ast.ClassDef) else "")
            yield from self._walk(child, inside)

    def _here(self, node: ast.AST, function: str) -> Iterator[Mutant]:
        for operator, start, end, new in self._changes(node):
            line = self.source.count("\n", 0, start) + 1
            old, text = self.source[start:end], self.lines[line - 1].rstrip("\n")
            yield Mutant(self.path, line, operator, function, start, end, old, new, text)

    def _changes(self, node: ast.AST) -> Iterator[tuple[str, int, int, str]]:
        match node:
            case ast.Compare(left=left, ops=[operation], comparators=[right]):
                yield ("compare", *self._between(left, right), f" {_COMPARISONS[type(operation)]} ")
            case ast.BoolOp(op=operation, values=[left, right, *_]):
                word = "or" if isinstance(operation, ast.And) else "and"
                yield ("and-or", *self._between(left, right), f" {word} ")
            case ast.BinOp(left=left, op=operation, right=right) if not (_is_text(left) or _is_text(right)):
                if type(operation) in _ARITHMETIC:
                    yield ("arithmetic", *self._between(left, right), f" {_ARITHMETIC[type(operation)]} ")
            case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert(), operand=operand):
                yield ("sign", *self._span(node), f"({self._text(operand)})")
            case ast.Constant(value=value) if type(value) in (bool, int, float):
                yield ("constant", *self._span(node), _other(value, self._text(node)))
            case ast.IfExp(test=test) | ast.If(test=test) | ast.While(test=test):
                yield ("condition", *self._span(test), f"(not ({self._text(test)}))")
            case ast.Constant(value=str()) | ast.JoinedStr() if self.emits:
                yield from self._emitted(node)
            case ast.Call() | ast.Slice() | ast.Return() | ast.stmt():
                yield from self._structure(node)

    def _structure(self, node: ast.AST) -> Iterator[tuple[str, int, int, str]]:
        match node:
            case ast.Call(args=[first, second, *_]) if not isinstance(first, ast.Starred):
                one, other = self._text(first), self._text(second)
                if one != other and not isinstance(second, ast.Starred):
                    between = self.source[self._span(first)[1] : self._span(second)[0]]
                    yield "arguments", self._span(first)[0], self._span(second)[1], f"{other}{between}{one}"
            case ast.Slice(upper=ast.expr() as upper) if not isinstance(upper, ast.Constant):
                yield ("slice", *self._span(upper), f"({self._text(upper)}) - 1")
            case ast.Slice(lower=ast.expr() as lower) if not isinstance(lower, ast.Constant):
                yield ("slice", *self._span(lower), f"({self._text(lower)}) + 1")
            case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
                truth = isinstance(value, ast.Compare | ast.BoolOp)
                yield ("return", *self._span(value), f"(not ({self._text(value)}))" if truth else "None")
            case ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
                yield ("statement", *self._span(node), "pass")
            case ast.Expr(value=ast.Call()) | ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
                yield ("statement", *self._span(node), "pass")

    def _emitted(self, node: ast.AST) -> Iterator[tuple[str, int, int, str]]:
        start, end = self._span(node)
        text = self.source[start:end]
        inside = re.sub(r"\{[^{}]*\}", lambda found: " " * len(found[0]), text) if text[:1] == "f" else text
        for old, new in _EMITTED:
            for found in re.finditer(re.escape(old), inside):
                yield "emitted", start + found.start(), start + found.end(), new

    def _offset(self, line: int, column: int) -> int:
        """Of a place that ast gives, which counts bytes of UTF-8."""
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def _span(self, node: ast.AST) -> tuple[int, int]:
        assert isinstance(node, ast.expr | ast.stmt)
        end = self._offset(node.end_lineno or 0, node.end_col_offset or 0)
        return self._offset(node.lineno, node.col_offset), end

    def _text(self, node: ast.AST) -> str:
        start, end = self._span(node)
        return self.source[start:end]

    def _between(self, left: ast.expr, right: ast.expr) -> tuple[int, int]:
        """The span of an operator alone, without brackets that belong to its operands."""
        start, end = self._span(left)[1], self._span(right)[0]
        gap = self.source[start:end]
        start += len(gap) - len(gap.lstrip(") \n\\"))
        return start - (gap[: len(gap) - len(gap.lstrip(") \n\\"))].endswith(" ")), start + len(_word(gap))


def _word(gap: str) -> str:
    """The operator at the head of what is between two operands, with one space behind it if there is one."""
    stripped = gap.lstrip(") \n\\")
    found = re.match(r"(not in|is not|in|is|and|or|[^\s(\w\"'\[{-]+|-)( ?)", stripped)
    assert found, gap
    return found[0]


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _for_people(node: ast.AST) -> bool:
    """Docstrings, and what an error says."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Assert():
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name.endswith(("Error", "missing"))
        case ast.FunctionDef(name=name):
            return name in ("__repr__", "__str__", "rule")
    return False


def _annotation(parent: ast.AST, child: ast.AST) -> bool:
    decorators = getattr(parent, "decorator_list", ())
    return child is getattr(parent, "annotation", None) or child is getattr(parent, "returns", None) or any(
        child is one for one in decorators
    )  # fmt: skip


def _other(value: float, text: str) -> str:
    if isinstance(value, bool):
        return str(not value)
    return f"({text} + 1)" if isinstance(value, int) else f"({text} * 2 + 1)"
