"""Every `pip install` that a page or a hint shows works when it is copied."""

from __future__ import annotations

import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fresh import Fresh

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
LARGE = ("triton",)
"""Not installed here: several gigabytes, with torch's CUDA build."""
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
OTHERS = [*ROOT.glob("lgc/**/*.py"), *ROOT.glob("examples/**/*.py"), *ROOT.glob("docs/**/*.py")]
_SHOWN = re.compile(r"(?:^|`)((?:    )?(?:python -m )?pip install [^`\n#]+)", re.MULTILINE)


def of_pages() -> list[tuple[Path, str]]:
    """What pages show, in lines of their own and in backticks; a break in backticks is a space."""
    found = []
    for page in PAGES:
        text = re.sub(
            r"`[^`\n]*\n[^`\n]*`", lambda match: match[0].replace("\n", " "), page.read_text(encoding="utf-8")
        )
        found += [(page, command.strip()) for command in _SHOWN.findall(text) if page.name != "CHANGELOG.md"]
    return found


def test_pages_show_some() -> None:
    assert len(of_pages()) >= 12
    assert {"README.md", "hardware.md", "table.md"} <= {page.name for page, _ in of_pages()}


def test_no_hint_asks_an_index_for_lgc() -> None:
    """It is on none, so the first who takes the name would get these users' machines."""
    asked = re.compile(r"pip install [^`\n#]*(?<![/\w])lgc(?![\w/-])(?!\S* @ )")
    assert asked.search('pip install "lgc[sim]"') and not asked.search('pip install "lgc[sim] @ git+https://a/lgc"')
    for path in [*PAGES, *OTHERS]:
        if path.name != "CHANGELOG.md":
            assert not asked.search(path.read_text(encoding="utf-8")), path


def test_every_extra_that_is_named_exists() -> None:
    for path in [*PAGES, *OTHERS, ROOT / "Makefile", *ROOT.glob(".github/**/*.yml"), *ROOT.glob("examples/ci/*")]:
        if not path.is_file() or path.name == "CHANGELOG.md":
            continue
        for names in re.findall(r"(?:\.|lgc|/\.\.)\[([a-z]+(?:,[a-z]+)*)\]\"", path.read_text(encoding="utf-8")):
            assert set(names.split(",")) <= set(EXTRAS), f"{path.name}: {names}"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    """An environment in which lgc is installed from a copy of this checkout, without any extra."""
    folder = tmp_path_factory.mktemp("hints")
    made = Fresh(folder)
    done = made.run(f"pip install {made.checkout}")
    assert done.returncode == 0, done.stdout
    yield made
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.parametrize("extra", [name for name in EXTRAS if name not in LARGE])
def test_the_hint_for_an_extra_installs_it(fresh: Fresh, extra: str) -> None:
    """As lgc prints it there; then what the extra lists is there."""
    hint = fresh.run(f"python -c 'from lgc.tools.install import *; print(how_to_install(\"{extra}\"))'").stdout.strip()
    assert f"{fresh.checkout}[{extra}]" in hint
    done = fresh.run(hint)
    assert done.returncode == 0, f"{hint}\n{done.stdout}"
    packages = [re.split(r"[\[<>=!~; ]", one)[0] for one in EXTRAS[extra]]
    shown = fresh.run(f"python -m pip show -q {shlex.join(packages)}")
    assert shown.returncode == 0 and "not found" not in shown.stdout, shown.stdout


@pytest.mark.slow
def test_what_pages_show_installs(fresh: Fresh) -> None:
    """Each command once, in the checkout, as the page says."""
    for command in sorted({command for _, command in of_pages()}):
        done = fresh.run(f"cd {shlex.quote(str(fresh.checkout))} && {command}")
        assert done.returncode == 0, f"{command}\n{done.stdout}"
    assert fresh.run("lgc --version").returncode == 0
