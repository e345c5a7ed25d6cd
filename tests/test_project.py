"""Workflow, hooks, Makefile, package and citation say the same."""

from __future__ import annotations

import os
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

import lgc
from lgc.cli import COMMANDS

ROOT = Path(__file__).parent.parent
HOME = "https://github.com/lgc-project/lgc"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
HOOKS = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
CI = ROOT / ".ci" / "run"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]-*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def made(text: str) -> list[str]:
    """Targets that commands of a text make; comments are left out."""
    return re.findall(r"\bmake ([a-z-]+)", re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE))


def recipe(target: str) -> str:
    """The lines below a target of the Makefile."""
    return re.search(rf"^{re.escape(target)}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)[1]


@pytest.mark.parametrize("path", [".ci/run", ".github/workflows/ci.yml", ".pre-commit-config.yaml"])
def test_what_is_called_is_a_target(path: str) -> None:
    called = made((ROOT / path).read_text(encoding="utf-8"))
    assert called
    assert set(called) <= TARGETS


def test_every_target_is_phony_and_has_its_line_of_help() -> None:
    phony = set(re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split())
    assert phony == TARGETS
    assert set(re.findall(r"^([a-z-]+):.*## \S", MAKEFILE, re.MULTILINE)) == TARGETS


def test_the_workflow_runs_what_ci_runs_and_decides_nothing() -> None:
    """A step is an action at a commit, or a command that people can run too."""
    assert re.findall(r"^ +- run: (.*)$", WORKFLOW, re.MULTILINE) == [".ci/run", "make test-core", "make site"]
    assert os.access(CI, os.X_OK)
    assert "| " not in re.sub(r"cache-dependency-path: \|", "", WORKFLOW)
    actions = re.findall(r"uses: (\S+)", WORKFLOW)
    assert len(actions) == 6
    assert [one for one in actions if not re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", one)] == []


def test_the_workflow_may_only_read() -> None:
    assert re.findall(r"^permissions:\n((?:  .*\n)+)", WORKFLOW, re.MULTILINE) == ["  contents: read\n"]
    assert WORKFLOW.count("permissions:") == 1


def test_the_versions_of_python_are_those_of_the_package() -> None:
    matrix = re.findall(r'"([\d.]+)"', re.search(r"^ +python: \[(.*)\]$", WORKFLOW, re.MULTILINE)[1])
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert matrix == named
    assert PROJECT["requires-python"] == f">={named[0]}"
    assert set(re.findall(r'python-version: "([\d.]+)"', WORKFLOW)) <= set(named)


def test_the_hook_is_make_lint_in_the_versions_of_the_project() -> None:
    """A hook from elsewhere would bring a version of its own."""
    assert re.findall(r"- repo: (.*)", HOOKS) == ["local"]
    assert re.findall(r"entry: (.*)", HOOKS) == ["make lint"]
    assert re.findall(r"language: (.*)", HOOKS) == ["system"]
    assert "rev:" not in HOOKS
    programs = set(re.findall(r"\$\(BIN\)/([\w-]+)", recipe("lint"))) - {"python"}
    assert {"ruff", "mypy", "lint-imports"} <= programs


def test_every_package_that_is_asked_for_has_its_version_in_the_constraints() -> None:
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([\w.-]+)==\S+$", constraints, re.MULTILINE))
    asked = [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values()), "setuptools", "pre-commit"]
    names = {re.match(r"[\w.-]+", one)[0] for one in asked} - {PROJECT["name"]}
    assert sorted(names - pinned) == []


def test_the_tests_of_the_core_install_exist() -> None:
    """A file that moved would stop `make test-core`, or worse, no longer be run."""
    listed = re.search(r"^CORE_TESTS = ((?:.*\\\n)*.*)$", MAKEFILE, re.MULTILINE)[1].replace("\\\n", " ").split()
    assert len(listed) > 5
    assert [path for path in listed if not (ROOT / path).exists()] == []


def test_the_version_is_the_same_everywhere() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.*)$", citation, re.MULTILINE) == [lgc.__version__]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0] == lgc.__version__


def test_there_is_one_home() -> None:
    """URLs, citation, templates and the report of a weakness lead to the same place."""
    assert set(PROJECT["urls"]) == {"Repository", "Documentation", "Changelog", "Issues"}
    pages = [
        ROOT / name for name in ("CITATION.cff", "SECURITY.md", "pyproject.toml", ".github/ISSUE_TEMPLATE/config.yml")
    ]
    for page in pages:
        homes = re.findall(r"https://github\.com/[\w-]+/[\w-]+", page.read_text(encoding="utf-8"))
        assert set(homes) == {HOME}, page


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_asks_for_what_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^(\w+):", text, re.MULTILINE) == ["name", "description", "title", "labels", "body"]
    ids = re.findall(r"^ +id: (\w+)$", text, re.MULTILINE)
    assert len(ids) == len(set(ids)) == len(re.findall(r"- type: (?!markdown)", text))
    assert set(re.findall(r"\blgc (?!wrote|uses|should|says)([a-z]+)\b", text)) <= set(COMMANDS)


def test_templates_of_bugs_ask_for_the_doctor_and_the_model() -> None:
    assert len(TEMPLATES) == 3
    for path in TEMPLATES[:2]:
        text = path.read_text(encoding="utf-8")
        assert "label: lgc doctor\n" in text
        assert "label: lgc inspect MODEL --json\n" in text
    assert "lgc verify --crash" in TEMPLATES[0].read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["SECURITY.md", "CHANGELOG.md"])
def test_links_of_the_pages_beside_the_readme_lead_to_files(name: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / name).read_text(encoding="utf-8")):
        assert "://" in target or (ROOT / target).exists(), target
