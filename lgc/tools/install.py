"""How to install what is missing, by a command that works when it is copied.

lgc is installed from a checkout, from a wheel, from a repository or from an index, and pip wants each of them said in
another way. What an installation came from is in its ``direct_url.json``, as PEP 610 has it.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

_CHECKOUT = Path(__file__).parents[2]
_TORCH_ON_CPU = "https://download.pytorch.org/whl/cpu"
"""On Linux, PyPI's torch is the build for CUDA, of gigabytes; this index has the one for CPUs."""


def how_to_install(*extras: str) -> str:
    """The command that installs extras of lgc into this Python, however lgc was installed.

    Args:
        extras: keys of ``[project.optional-dependencies]`` in pyproject.toml.
    """
    packages = [package for extra in extras for package in packages_of(extra)]
    return f"{_installer()} {_index(packages)}{_requirement(','.join(extras)) or _listed(packages)}"


def how_to_install_package(package: str) -> str:
    """The command that installs a package of PyPI into this Python."""
    return f"{_installer()} {_index([package])}{shlex.quote(package)}"


def packages_of(extra: str) -> list[str]:
    """What an extra of lgc brings, with versions: the requirements of its metadata, and of extras that it names."""
    try:
        requires = importlib.metadata.requires("lgc") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    found: list[str] = []
    for line in requires:
        requirement, _, marker = (part.strip() for part in line.partition(";"))
        if f'extra == "{extra}"' not in marker.replace("'", '"'):
            continue
        if requirement.startswith("lgc["):
            inner = requirement.removeprefix("lgc[").rstrip("]").split(",")
            found += [one for name in inner for one in packages_of(name)]
        else:
            found.append(requirement)
    return found


def _installer() -> str:
    """What installs packages into this Python: its pip, or uv where an environment has no pip."""
    named = shutil.which("python")
    same = named is not None and Path(named).resolve() == Path(sys.executable).resolve() and _same_place(named)
    python = "python" if same else shlex.quote(sys.executable or "python")
    if importlib.util.find_spec("pip") is None and shutil.which("uv"):
        return f"uv pip install --python {python}"
    return f"{python} -m pip install"


def _same_place(named: str) -> bool:
    """Whether the program on PATH is of this environment: environments link to one interpreter."""
    return Path(named).parent == Path(sys.executable).parent


def _index(packages: list[str]) -> str:
    """Options of pip, where torch is among the packages."""
    torch = sys.platform == "linux" and any(one.startswith("torch") for one in packages)
    return f"--extra-index-url {_TORCH_ON_CPU} " if torch else ""


def _requirement(extras: str) -> str:
    """lgc with extras as pip wants it; "" if what lgc was installed from is there no more."""
    source = _source()
    url = source.get("url", "")
    if source.get("vcs_info"):
        return shlex.quote(f"lgc[{extras}] @ {source['vcs_info'].get('vcs', 'git')}+{url}")
    if url.startswith("file:"):
        path = Path(url2pathname(unquote(urlsplit(url).path)))
        if not path.exists():
            return ""
        edit = "-e " if source.get("dir_info", {}).get("editable") else ""
        return edit + shlex.quote(f"{path}[{extras}]")
    if url:
        return shlex.quote(f"lgc[{extras}] @ {url}")
    if (_CHECKOUT / "pyproject.toml").exists():  # run in a checkout that is not installed
        return "-e " + shlex.quote(f"{_CHECKOUT}[{extras}]")
    return shlex.quote(f"lgc[{extras}]")


def _source() -> dict[str, Any]:
    """Where lgc was installed from; nothing for an index, or for a checkout that is not installed."""
    try:
        text = importlib.metadata.distribution("lgc").read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return {}
    try:
        source = json.loads(text or "{}")
    except ValueError:
        return {}
    return source if isinstance(source, dict) else {}


def _listed(packages: list[str]) -> str:
    return " ".join(shlex.quote(one) for one in packages)
