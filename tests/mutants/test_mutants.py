"""The mutants of the compiler: where they are, that they are the same each time, and what counts as killed."""

from __future__ import annotations

import ast
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from mutants.c_sites import c_mutants
from mutants.choose import Touched
from mutants.judge import digest_of, digest_of_tests, judge
from mutants.python_sites import python_mutants
from mutants.rooms import ROOMS, ROOT, equivalent, files, mutants_of, named, room_of, sample
from mutants.sites import Mutant
from mutants.table import Row, read_rows, score, survivors
from mutants.workspace import Workspace

from lgc.errors import ToolError
from lgc.farm import LocalWorkers, all_answers

SNIPPET = '''
"""A docstring with 1 + 1."""
LIMIT = 3
def f(a, b, *, c: int = 2):
    if not a <= b and c:
        raise ValueError(f"{a + 1} is no {b}")
    a[LIMIT:b] = 0
    x = g(a, b) + -c
    x += 1
    return (a) << (b)
'''
CHANGES = [
    ("constant", "3", "(3 + 1)"),
    ("constant", "2", "(2 + 1)"),
    ("and-or", " and ", " or "),
    ("condition", "not a <= b and c", "(not (not a <= b and c))"),
    ("sign", "not a <= b", "(a <= b)"),
    ("compare", " <= ", " < "),
    ("statement", 'raise ValueError(f"{a + 1} is no {b}")', "pass"),
    ("statement", "a[LIMIT:b] = 0", "pass"),
    ("slice", "b", "(b) - 1"),
    ("constant", "0", "(0 + 1)"),
    ("arguments", "a, b", "b, a"),
    ("arithmetic", " + ", " - "),
    ("sign", "-c", "(c)"),
    ("statement", "x += 1", "pass"),
    ("constant", "1", "(1 + 1)"),
    ("arithmetic", " << ", " >> "),
    ("return", "(a) << (b)", "None"),
]


def test_what_is_changed_in_python() -> None:
    found = python_mutants("lgc/ir/x.py", SNIPPET)
    shown = [(one.operator, one.old, one.new) for one in found]
    assert sorted(shown) == sorted(CHANGES)
    assert {one.function for one in found} == {"", "f"}


def test_strings_of_backends_are_changed_as_code_and_what_is_computed_in_them_is_not() -> None:
    source = 'def lines(a):\n    """x & y."""\n    yield f"assign {a} = {a + 1} & b[{a | 2}];"\n'
    emitted = [one for one in python_mutants("lgc/backend/x.py", source) if one.operator == "emitted"]
    assert [one.apply(source).splitlines()[2].strip() for one in emitted] == [
        'yield f"assign {a} = {a + 1} | b[{a | 2}];"'
    ]
    assert not [one for one in python_mutants("lgc/ir/x.py", source) if one.operator == "emitted"]


def test_what_is_changed_in_c() -> None:
    source = '/* a < b + 1 */\n#if X > 1\nfor (i = 0; i < n; i++) // n - 1\n    out[i] |= "1 < 2"[0] & ~y;\n#endif\n'
    changed = [one.apply(source).splitlines()[2:4] for one in c_mutants("lgc/x.c", source)]
    texts = ["\n".join(lines) for lines in changed]
    assert [one.operator for one in c_mutants("lgc/x.c", source)].count("constant") == 2
    assert any("i <= n" in text for text in texts) and any(" &= " in text for text in texts)
    assert any("& y" in text for text in texts) and all("// n - 1" in text for text in texts)
    assert all('"1 < 2"' in text for text in texts if "out" in text)


@pytest.mark.parametrize("path", ["lgc/ir/netlist.py", "lgc/backend/onnx.py"])
def test_every_mutant_is_python_and_another_program(path: str) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    tree = ast.dump(ast.parse(source))
    found = mutants_of(path)
    assert len({one.key for one in found}) == len(found) > 40
    for one in found:
        assert ast.dump(ast.parse(one.apply(source))) != tree, one


def test_the_sample_is_the_same_each_time_and_has_every_room_and_file() -> None:
    chosen = sample(260, 16)
    assert [one.key for one in chosen] == [one.key for one in sample(260, 16)]
    assert len(chosen) >= 200
    assert {room_of(one.path).name for one in chosen} == {room.name for room in ROOMS}
    assert {one.path for one in chosen} == {path for room in ROOMS for path in files(room) if mutants_of(path)}
    assert {one.key for one in chosen} != {one.key for one in sample(260, 17)}


def test_a_key_stays_when_other_lines_come_and_go() -> None:
    before = {one.key for one in python_mutants("lgc/ir/x.py", SNIPPET)}
    after = {one.key for one in python_mutants("lgc/ir/x.py", SNIPPET.replace("LIMIT = 3", "X = []\nLIMIT = 3"))}
    assert before == after


def test_the_mutants_that_are_named_are_where_they_say() -> None:
    assert len(dict(named())) >= 12


def test_equivalent_mutants_exist_and_have_a_reason() -> None:
    keys = {one.key for room in ROOMS for path in files(room) for one in mutants_of(path)}
    for key, why in equivalent().items():
        assert key in keys, key
        assert len(why) > 20, key


def test_only_what_a_mutant_did_is_its_death(tmp_path: Path) -> None:
    workspace = Workspace.__new__(Workspace)
    workspace.folder, workspace.code = tmp_path, tmp_path / "code"
    mutant = sample(260, 16)[0]
    log = tmp_path / "log.txt"
    log.write_text("something about pytest itself\n")
    fates = [workspace._fate(code, failed, seen, mutant)[0] for code, failed, seen in
             [(0, "", 3), (0, "", 0), (1, "tests/x.py::y", 3), (-11, "", 1), (None, "", 0), (4, "", 0)]]  # fmt: skip
    assert fates == ["survived", "untested", "killed", "killed", "timeout", "error"]
    log.write_text(f'  File "{workspace.code / mutant.path}", line 3\nNameError: no\n')
    assert workspace._fate(4, "", 0, mutant) == ("killed", "import: NameError: no")


def rows_of(*fates: str) -> tuple[list[Mutant], dict[str, Row]]:
    mutants = sample(260, 16)[: len(fates)]
    rows = {one.key: Row(one.key, str(one), one.shown(), one.path, "s", "t", fate, "", 1, 1.0)
            for one, fate in zip(mutants, fates, strict=True)}  # fmt: skip
    return mutants, rows


def test_the_score_counts_timeouts_as_killed_and_leaves_nothing_out(tmp_path: Path) -> None:
    mutants, rows = rows_of("killed", "timeout", "survived", "error")
    assert "Score 50.0 %" in score(mutants, rows)
    assert len(survivors(mutants, rows)) == 2
    assert "1 unknown" in score([*mutants, sample(260, 17)[0]], rows)
    path = tmp_path / "results.jsonl"
    path.write_text("".join(json.dumps(vars(row)) + "\n" for row in rows.values()))
    assert read_rows(path) == rows


def test_tests_that_call_the_function_are_run_quick_ones_first(tmp_path: Path) -> None:
    mutant = next(one for one in mutants_of("lgc/ir/netlist.py") if one.function == "Netlist.runs")
    called, other = "lgc/ir/netlist.py::Netlist.runs", "lgc/ir/netlist.py::Netlist.depth"
    rows = [("tests/ir/a.py::slow", 20.0, called), ("tests/ir/a.py::quick", 0.1, called),
            ("tests/ir/a.py::no", 0.1, other), ("tests/z.py::far", 0.2, called)]  # fmt: skip
    path = tmp_path / "touched.jsonl"
    path.write_text("".join(json.dumps({"test": t, "seconds": s, "functions": [f]}) + "\n" for t, s, f in rows))
    first, others = Touched.read(path).tests(mutant, 30)
    assert first == ["tests/ir/a.py::quick", "tests/z.py::far"] and others == ["tests/ir/a.py::slow"]


@pytest.mark.slow
def test_a_mutant_dies_in_a_copy_and_the_working_tree_stays(tmp_path: Path) -> None:
    mutant = next(one for one in mutants_of("lgc/passes/tables.py") if one.function == "swap")
    before = (ROOT / mutant.path).read_bytes()
    workspace = Workspace(tmp_path / "copy", warm=tmp_path / "warm")
    names = [f"tests/passes/test_tables.py::test_functions_of_two_variables[{pair}]" for pair in ("0-1", "2-5")]
    assert workspace.run(names, 100).fate == "survived"
    assert workspace.run(names, 100, mutant=mutant).fate == "killed"
    assert workspace.run(names, 100).fate == "survived"
    assert (ROOT / mutant.path).read_bytes() == before


@pytest.mark.slow
def test_a_worker_judges_a_mutant_by_the_lgc_of_its_copy(tmp_path: Path) -> None:
    """The worker has lgc in memory already, as it is: the tests that it runs must have the mutant's."""
    mutant = next(one for one in mutants_of("lgc/passes/tables.py") if one.function == "swap")
    named = "tests/passes/test_tables.py::test_functions_of_two_variables[0-1]"
    request = {"mutant": asdict(mutant), "first": [named], "others": [], "seconds": 1.0,
               "source": digest_of(mutant.path), "suite": digest_of_tests()}  # fmt: skip
    with LocalWorkers(1) as workers:
        ((judged, row),) = all_answers(workers, judge, [{"request": request, "folder": str(tmp_path)}])
        assert judged == mutant
        assert (row.fate, row.by) == ("killed", named)
        stale = {**request, "suite": "another"}
        with pytest.raises(ToolError, match="another one than when the run began"):
            all_answers(workers, judge, [{"request": stale, "folder": str(tmp_path)}])
