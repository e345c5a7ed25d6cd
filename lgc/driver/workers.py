"""The workers that a verb is asked to use, and whether they have what it takes."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import lgc
from lgc.driver.workers_request import WorkersRequest
from lgc.errors import MissingToolError, NotCheckedError, OptionError
from lgc.farm import Here, LocalWorkers, Workers, check_version
from lgc.progress import Progress


def open_workers(
    asked: WorkersRequest, told: Progress, *, default: int = 1, most: int | None = None, alone: bool = True
) -> Workers:
    """The workers that a request asks for.

    Args:
        told: hears how far tasks on this machine are.
        default: processes here, where no number is given.
        most: tasks that there are.
        alone: whether this process does the work where one is enough.

    Raises:
        OptionError: two places are named.
        ToolError: a scheduler is not there.
        MissingToolError: Dask, or what starts jobs, is not installed.
    """
    if asked.scheduler is not None and asked.cluster is not None:
        raise OptionError("--scheduler names workers that are there, --cluster starts some", hint="Give one of them")
    if asked.scheduler is not None and asked.workers is not None:
        raise OptionError("--scheduler names workers that are there, --workers starts some", hint="Give one of them")
    if asked.scheduler is None and asked.cluster is None:
        count = min(asked.workers or default, most or asked.workers or default)
        return Here(told) if alone and count <= 1 else LocalWorkers(count, told)
    from lgc.farm.dask import ClusterWorkers, DaskWorkers

    if asked.cluster is not None:
        return ClusterWorkers(asked.cluster, asked.workers or 1, asked.patience, told.note)
    assert asked.scheduler is not None
    return DaskWorkers(asked.scheduler, asked.patience, told.note)


def check_tools(workers: Workers, *names: str, also: Sequence[str] = ()) -> None:
    """Find out before the first task that workers elsewhere have the same lgc and the same programs as this machine.

    Args:
        names: ``yosys``, ``abc``, ``verilator``, ``nextpnr:PART``, ``package:NAME``.
        also: those that the work can do without, and that workers need only if they are here.

    Raises:
        NotCheckedError: a worker has another version of something.
        MissingToolError: a worker, or this machine, lacks one.
        ToolError: a worker has no lgc.
    """
    if not workers.elsewhere:
        return
    tools = {name: _found(name) for name in names}
    for name in also:
        with suppress(MissingToolError):
            tools[name] = _found(name)
    workers.everywhere(look_for_tools, {"request": {"lgc": lgc.__version__, "tools": tools}})


def look_for_tools(task: Mapping[str, Any]) -> dict[str, str]:
    """On a worker: the programs of a task are here, in the versions that it says.

    Raises:
        NotCheckedError, MissingToolError: one is not.
    """
    request = task["request"]
    check_version(request)
    found = {}
    for name, wanted in request["tools"].items():
        try:
            found[name] = _found(name)
        except MissingToolError as error:
            raise MissingToolError(f"a worker lacks a tool: {error.message}", where=platform.node(),
                                   hint=error.hint) from None  # fmt: skip
        if found[name] != wanted:
            raise NotCheckedError(
                f"a worker has {found[name]}, and who asks has {wanted}", where=platform.node(),
                hint="Install the same version on every machine",
            )  # fmt: skip
    return found


def _found(name: str) -> str:
    from lgc.tools.find import missing, package_version

    match name.split(":"):
        case ["nextpnr", part]:
            from lgc.parts.part import find_part
            from lgc.synth.nextpnr import find_nextpnr

            return str(find_nextpnr(find_part(part)))
        case ["package", package]:
            if not (version := package_version(package)):
                raise missing(package)
            return f"{package} {version}"
        case ["verilator"]:
            from lgc.tools.cc import find_cxx_compiler
            from lgc.tools.verilator import find_verilator

            find_cxx_compiler()
            return f"Verilator {find_verilator().version}"
        case [kind]:
            from lgc.tools.abc import find_abc
            from lgc.tools.yosys import find_yosys

            if kind == "abc":
                find_abc()
            return f"{kind} of {find_yosys()}" if kind == "abc" else str(find_yosys())
    raise AssertionError(name)
