"""What `lgc verify` prints and writes about a report."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from lgc.verify.report import Report


def print_summary(console: Console, report: Report) -> None:
    """The table of vectors, who was compared with whom, and what was equal."""
    from rich.table import Table

    table = Table()
    for heading in ("vectors", "compared", "differ"):
        table.add_column(heading, justify="left" if heading == "vectors" else "right")
    for one in report.sets:
        table.add_row(one.kind, f"{one.vectors:,}", f"{one.mismatches:,}")
    console.print(table)
    what = "every score" if "scores" in report.checked else "the class (the scores are no ports)"
    done = "simulated" if report.subject == "hardware" else "evaluated"
    lanes = f" ({report.lanes} lane{'s' if report.lanes > 1 else ''})" if report.subject == "hardware" else ""
    console.print(
        f"reference {report.reference}; built in {report.build_seconds:.1f} s, "
        f"{done} by {report.simulator} in {report.simulate_seconds:.1f} s{lanes}"
    )
    if report.lanes > 1 and not any(one.kind == "one lane" for one in report.sets):
        console.print("not simulated: the head's adders and comparisons as hardware has them; --lanes 1 does")
    for one in report.sets:
        if one.kind == "data" and not one.mismatches:
            console.print(f"{one.vectors:,} / {one.vectors:,} images, {what} equal")
        if one.accuracy:
            mine, software = (f"{100 * value:.2f} %" for value in one.accuracy)
            subject = "the hardware" if report.subject == "hardware" else report.subject
            console.print(f"accuracy of {subject} {mine}, of the model {software}")
    if report.latency and not report.timing:
        clocks = f"latency {report.latency} clock{'s' if report.latency > 1 else ''}"
        console.print(f"{clocks}: exact, with gaps, back to back, and after resets in flight")
    equal = report.vectors - report.mismatches
    console.print(f"{equal:,} / {report.vectors:,} vectors, {what} equal")


def write_reports(report: Report, path: Path, explanation: str, junit: Path | None, sarif: Path | None) -> None:
    """JUnit and SARIF. One that cannot be written does not hide a difference."""
    from lgc.errors import OutputError
    from lgc.files import write_text
    from lgc.verify.reports.junit import junit_xml
    from lgc.verify.reports.sarif import sarif_json

    for file, text, name in ((junit, junit_xml, path.name), (sarif, sarif_json, path.as_posix())):
        if file is None:
            continue
        try:
            write_text(file, text(report, name, explanation))
        except OutputError as error:
            if not explanation:
                raise
            report.problems.append(str(error))


@contextmanager
def never_a_pass() -> Iterator[None]:
    """A tool that is missing or fails is told as what it means here: nothing was checked.

    Raises:
        NotCheckedError: in its place.
    """
    from lgc.errors import MissingToolError, NotCheckedError, ToolError

    try:
        yield
    except (MissingToolError, ToolError) as error:
        message = error.message if "not checked" in error.message else f"{error.message}: not checked"
        raise NotCheckedError(message, where=error.where, hint=error.hint) from error


@contextmanager
def build_folder(keep: Path | None) -> Iterator[Path]:
    """A folder to build in: the given one, which stays, or a temporary one."""
    from lgc.errors import OutputError

    if keep is None:
        folder = Path(tempfile.mkdtemp(prefix="lgc-verify-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    try:
        keep.mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder for --keep: {error.strerror}", where=str(keep)) from None
    try:
        yield keep.resolve()
    finally:
        if not any(path.is_file() for path in keep.rglob("*")):  # nothing was built: nothing to keep
            shutil.rmtree(keep, ignore_errors=True)


@contextmanager
def progress_bar(console: Console, total: int):  # type: ignore[no-untyped-def]
    """A progress bar; yields a function of (step, vectors done)."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("build", total=total)
        yield lambda step, done: bar.update(task, description=step, completed=done)
