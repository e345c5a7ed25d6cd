"""An Amaranth module under test: by way of the Verilog that Amaranth and yosys make of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lgc.backend.manifest import Manifest, read_manifest
from lgc.backend.ours import manifest_of
from lgc.backend.verilog.rtl import Rtl, check_same_compilation
from lgc.errors import InputError
from lgc.ir import Circuit
from lgc.sim.simulate import Simulator
from lgc.tools.find import has_package, missing
from lgc.tools.run import or_not_checked, reading
from lgc.tools.yosys import run_yosys
from lgc.verify.formats.child import run_worker
from lgc.verify.formats.files import not_ours
from lgc.verify.formats.verilog import check_ports, results_of, simulator_for, stated_by
from lgc.verify.stated import Stated
from lgc.verify.subject import DeviceUnderTest, VerifyOptions

_TITLE = re.compile(r'"""(\w+): \d+ gates, written by lgc ([0-9A-Za-z.+!-]+)\. Do not edit\.')
_CIRCUIT = re.compile(r"^circuit ([0-9a-f]{64})$", re.M)


@dataclass(eq=False)
class AmaranthModule(DeviceUnderTest):
    """An emitted Amaranth module: it is run to elaborate it, and what comes out is simulated by the same testbench."""

    path: Path
    manifest: Manifest
    options: VerifyOptions
    version: str = ""
    kind = "Amaranth module"

    def __post_init__(self) -> None:
        manifest = self.manifest
        self.options.lanes_for(0)  # refuses lanes where the simulator has none
        self.by = self.options.simulator
        self.model_digest, self.circuit_digest = manifest.model_digest, manifest.circuit_digest
        self.features, self.ordered = manifest.features, bool(manifest.assumes)
        self.latency, self.checked = manifest.latency, results_of(manifest)

    def check_fits(self, circuit: Circuit) -> None:
        """See :class:`DeviceUnderTest`."""
        check_ports(self.manifest, circuit, self.path, self.kind)

    def stated(self, circuit: Circuit) -> Stated:
        """See :class:`DeviceUnderTest`."""
        return stated_by(self.manifest, circuit, self.path, self.version)

    def claimed_head(self) -> tuple[Sequence[int], Sequence[int]]:
        """See :class:`DeviceUnderTest`."""
        return self.manifest.group_sizes, self.manifest.bias

    def build(self, folder: Path) -> Simulator:
        """Elaborate, translate, and build the simulator."""
        return simulator_for(self.elaborate(folder), 1, folder, self.options)

    def elaborate(self, folder: Path) -> Rtl:
        """The Verilog that Amaranth and yosys make of the component.

        Raises:
            MissingToolError: amaranth or pyosys is not installed.
            NotCheckedError, ToolError: the module, or yosys, does not run to its end.
        """
        if not has_package("amaranth"):
            raise missing("amaranth")
        arguments = ["amaranth", str(self.path.resolve()), self.manifest.top]
        run_worker("the Amaranth module", arguments, folder, self.options.timeout)
        commands = ["read_rtlil net.il", "proc", "flatten", "clean", "write_verilog -noattr net.v"]
        with or_not_checked():
            run_yosys(commands, folder / "yosys.log", self.options.timeout)
        with reading("yosys", folder):
            text = (folder / "net.v").read_text(encoding="utf-8")
        return Rtl(folder / "net.v", self.manifest, text, self.model_digest)


def open_amaranth(path: Path, manifest: Path | None, options: VerifyOptions) -> AmaranthModule:
    """A ``.py`` file and its manifest. It is not run yet.

    Raises:
        InputError: not lgc's, or the manifest belongs to another file, or is missing.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"it cannot be read ({error})", where=str(path)) from None
    circuit = _CIRCUIT.search(text[: 1 << 12])
    if circuit is None:
        raise not_ours(path)
    beside = manifest or manifest_of(path)
    if not beside.exists():
        raise InputError(
            "the manifest is missing",
            where=str(beside),
            hint="`lgc compile` writes it beside a module with plain ports; one with `--set stream=on` has none, "
            "and cannot be verified: compile it without",
        )
    found = read_manifest(beside)
    check_same_compilation(found, circuit[1], beside, "module")
    title = _TITLE.match(text)
    return AmaranthModule(path, found, options, title[2] if title else "")
