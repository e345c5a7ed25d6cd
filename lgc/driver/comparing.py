"""What verify, prove, mutate and cover have in common: from a request to a comparison, in a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from lgc.driver.compile import Compiled
from lgc.driver.read import Loaded, import_options, load_source
from lgc.driver.verify_request import ComparisonRequest, Device, NetlistRequest
from lgc.errors import DiskError, InputError, MissingToolError, NotCheckedError, OptionError, OutputError, ToolError
from lgc.frontend.reference import reference_for
from lgc.progress import Progress
from lgc.settings import described, flag_of
from lgc.tools.watchdog import scratch
from lgc.verify.comparison import Comparison
from lgc.verify.formats import open_device
from lgc.verify.formats.verilog import VerilogText
from lgc.verify.stated import check_stated
from lgc.verify.subject import DeviceUnderTest, VerifyOptions, check_provenance

_ROOM = "Check the disk; another folder for temporary files can be named in TMPDIR"
D = TypeVar("D", bound=DeviceUnderTest)


def model_of(asked: ComparisonRequest, progress: Progress) -> Loaded:
    """The model that is right by definition.

    Raises:
        LgcError: see :func:`lgc.driver.read.load_source`.
    """
    progress.step("read")
    return load_source(asked.model, import_options(asked.config, asked.facts))


def device_path(file: Device) -> Path:
    """The path of a device under test.

    Raises:
        InputError: it is nothing that has one.
    """
    if isinstance(file, Compiled):
        return file.path
    if isinstance(file, str | Path):
        return Path(file)
    raise InputError(
        f"a {type(file).__name__} is no device under test",
        hint="Give the path of a file that lgc wrote, or what lgc.compile returned",
    )


def device_under_test(asked: ComparisonRequest, options: VerifyOptions | None = None) -> DeviceUnderTest:
    """The file that is compared, read as far as it takes to know whose it is.

    Raises:
        InputError: unreadable, not lgc's, or a format without scores.
    """
    return open_device(device_path(asked.file), asked.manifest, options or VerifyOptions(timeout=asked.timeout))


def as_verilog(device: DeviceUnderTest, flag: str) -> VerilogText:
    """The device, where it must be Verilog.

    Args:
        flag: what it is asked for.

    Raises:
        OptionError: it is another format.
    """
    if isinstance(device, VerilogText):
        return device
    raise OptionError(f"{flag} is for Verilog, and this is {device.kind}", where=str(device.path),
                      hint="Compile a .v file, without --stream")  # fmt: skip


def refuse_idle(asked: ComparisonRequest, device: DeviceUnderTest, *names: str) -> None:
    """Refuse options that are for Verilog alone, where it is another format: none is silently without effect.

    Raises:
        OptionError: naming the first.
    """
    known = described(type(asked))
    given = [flag_of(known[name]) for name in names if name in asked.given()]
    if given:
        as_verilog(device, given[0])


@contextmanager
def comparing(asked: ComparisonRequest, source: Loaded, device: D, progress: Progress) -> Iterator[Comparison[D]]:
    """The comparison of a device and a model, in a folder that goes at the end, or that is kept where that is asked.

    Raises:
        InputError: the file is another model's, or was changed.
        OutputError: the folder cannot be made.
        MissingToolError: there is no reference.
    """
    unknown: tuple[str, ...] = ()
    if not asked.force:
        check_provenance(device, source.digest)
        unknown = check_stated(device, source.circuit)
    native = source.path if source.imported and source.imported.importer.family == "lgc" else None
    reference = reference_for(source.circuit, source.model, native)
    with _folder(asked.keep) as folder:
        yield replace(Comparison.of(device, source.circuit, reference, folder, progress), unknown=unknown)


def after_synthesis(
    asked: NetlistRequest, comparison: Comparison[VerilogText], timeout: float
) -> Comparison[VerilogText]:
    """The comparison with the netlist in the place of the Verilog, if that is asked for.

    Raises:
        LgcError: see :func:`lgc.synth.flow.synthesize`.
    """
    if asked.netlist is None:
        return comparison
    from lgc.verify.netlist import synthesised

    rtl = synthesised(
        comparison.device.rtl, asked.netlist, comparison.folder, liberty=asked.liberty, timeout=timeout,
        progress=comparison.progress,
    )  # fmt: skip
    return replace(comparison, device=comparison.device.instead(rtl))


@contextmanager
def never_a_pass() -> Iterator[None]:
    """A tool that is missing or fails is told as what it means here: nothing was checked.

    Raises:
        NotCheckedError: in its place.
    """
    try:
        yield
    except (MissingToolError, ToolError, DiskError) as error:
        raise _not_checked(error.message, error.where, error.hint) from error
    except BrokenPipeError:
        raise
    except OSError as error:  # a full or read-only disk, say, where a build folder is written
        raise _not_checked(error.strerror or str(error), error.filename, _ROOM) from error
    except MemoryError as error:
        raise _not_checked("out of memory", None, "Allow more memory: `ulimit -v` shows the limit") from error


def _not_checked(message: str, where: str | None, hint: str | None) -> NotCheckedError:
    message = message if "not checked" in message else f"{message}: not checked"
    return NotCheckedError(message, where=None if where is None else str(where), hint=hint)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """A folder to build in: the given one, which stays, or a temporary one."""
    if keep is None:
        with scratch("lgc-verify-") as folder:
            yield folder
        return
    try:
        keep.mkdir(parents=True)
    except OSError as error:
        raise OutputError.of(error, "cannot make the folder for --keep", where=str(keep)) from None
    try:
        yield keep.resolve()
    finally:
        if not any(path.is_file() for path in keep.rglob("*")):  # nothing was built: nothing to keep
            shutil.rmtree(keep, ignore_errors=True)
