"""BLIF, AIGER and yosys' JSON under test: read by yosys, which shares nothing with the writers.

yosys turns what it reads into AND gates under the names of the file, and those few lines are evaluated. Where lgc has a
reader of its own it is the second view: it goes by the order of inputs and outputs, yosys goes by their names.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.backend.aiger import symbols
from lgc.backend.ports import PortNames, safe_name, safe_names
from lgc.backend.sidecar import Sidecar, describe, read_sidecar
from lgc.errors import InputError, NotCheckedError
from lgc.frontend import ImportOptions, load_circuit
from lgc.ir import Circuit
from lgc.ir.ports import names_in, own_names
from lgc.tools.run import or_not_checked, reading
from lgc.tools.yosys import run_yosys
from lgc.verify.formats.evaluated import Evaluated
from lgc.verify.formats.files import not_ours, read_bytes
from lgc.verify.stated import Stated
from lgc.verify.subject import DeviceUnderTest, VerifyOptions, View, check_shape, check_thresholds

Bits = NDArray[np.bool_]
_TO_ANDS = ("splitnets -ports", "simplemap", "aigmap", "opt_clean", "write_aiger -ascii -symbols net.aag")
_READ = {
    "BLIF": "read_blif net",
    "AIGER": "read_aiger -module_name lgc net",
    "yosys JSON": "read_json net",
}
_SYMBOL = re.compile(rb"^([io])(\d{1,9}) (.+)$", re.M)
_VERSION = re.compile(r"lgc [0-9A-Za-z.+!-]+")
_DIGEST = re.compile(rb'lgc.circuit"?:?\s*"?([0-9a-f]{64})')


@dataclass(eq=False)
class NetlistFile(DeviceUnderTest):
    """A bare netlist and its sidecar."""

    path: Path
    kind: str
    sidecar: Sidecar
    timeout: float
    by = "yosys"

    def __post_init__(self) -> None:
        self.subject = f"the {self.kind} netlist"
        self.model_digest, self.circuit_digest = self.sidecar.model_digest, self.sidecar.circuit_digest
        self.ordered = self.sidecar.ordered

    def check_fits(self, circuit: Circuit) -> None:
        """See :class:`DeviceUnderTest`."""
        check_shape(self, circuit, self.sidecar.inputs, self.sidecar.head.classes)
        check_thresholds(self.sidecar.path, self.sidecar.thresholds, circuit)

    def stated(self, circuit: Circuit) -> Stated:
        """See :class:`DeviceUnderTest`. Its name is a label, and who wrote it no more than a version."""
        given, expected = self.sidecar.fields, describe(circuit)
        version = str(given.get("generator"))
        free = {"name": str(given.get("name")), "generator": version if _VERSION.fullmatch(version) else "lgc"}
        return Stated("the sidecar", str(self.sidecar.path), given, {**expected, **free})

    def claimed_head(self) -> tuple[Sequence[int], Sequence[int]]:
        """See :class:`DeviceUnderTest`."""
        return self.sidecar.head.sizes.tolist(), self.sidecar.head.bias.tolist()

    def build(self, folder: Path) -> Evaluated:
        """Read by yosys."""
        names, own = self._ports(), self._own_ports()
        if self.kind == "AIGER" and names != own:
            # yosys makes one wire of an input and an output of one name: it reads a copy with lgc's names.
            (folder / "net").write_bytes(self._renamed(names, own))
            names = own
        else:
            shutil.copyfile(self.path, folder / "net")  # yosys splits its commands at blanks
        with or_not_checked():
            run_yosys([_READ[self.kind], *_TO_ANDS], folder / "yosys.log", self.timeout)
        with reading("yosys", folder):
            data = (folder / "net.aag").read_bytes()
        return self._evaluated(folder / "net.aag", *self._names(data, names))

    def views(self) -> tuple[View, ...]:
        """By lgc's own reader, in order."""
        if self.kind == "yosys JSON":
            return ()
        inputs, outputs = np.arange(self.sidecar.inputs), np.arange(self.sidecar.outputs)
        return (View("lgc's reader", lambda _: self._evaluated(self.path, inputs, outputs)),)

    def _evaluated(self, path: Path, inputs: NDArray[np.int64], outputs: NDArray[np.int64]) -> Evaluated:
        if not self.sidecar.outputs:
            raise NotCheckedError("it has no outputs: nothing was checked", where=str(self.path))
        netlist = load_circuit(path, ImportOptions({"classes": 1})).netlist
        if (netlist.num_inputs, netlist.num_outputs) != (len(inputs), len(outputs)):
            raise InputError(
                f"it has {netlist.num_inputs} inputs and {netlist.num_outputs} outputs, its sidecar says "
                f"{len(inputs)} and {len(outputs)}",
                where=str(self.path),
                hint="Compile again, and keep the two files together",
            )
        return Evaluated(netlist, self.sidecar.head, inputs, outputs)

    def _ports(self) -> PortNames:
        """The names that the sidecar states; :meth:`stated` compares them with the model's."""
        side = self.sidecar
        return names_in(side.fields["metadata"], side.inputs, side.outputs, side.head)

    def _own_ports(self) -> PortNames:
        return own_names("in", self.sidecar.inputs), own_names("out", self.sidecar.outputs)

    def _renamed(self, names: PortNames, own: PortNames) -> bytes:
        """The AIGER file with other names in its symbol table, which must be the one of these names."""
        data = read_bytes(self.path)
        given, wanted = (symbols(one, self.circuit_digest).encode() for one in (names, own))
        if not data.endswith(given):
            raise self._misnamed()
        return data.removesuffix(given) + wanted

    def _names(self, data: bytes, names: PortNames | None = None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which bit an input is, and which of the file's outputs is output k, by their names in yosys's AIGER."""
        inputs, outputs = (
            dict(zip(side, range(len(side)), strict=True)) for side in safe_names(names or self._ports())
        )
        for index, name in enumerate(map(safe_name, (names or self._ports())[1])):
            if name in inputs:  # in BLIF an output that is an input may keep its name
                outputs.setdefault(name, index)
        found: dict[bytes, dict[int, int]] = {b"i": {}, b"o": {}}
        for kind, place, name in _SYMBOL.findall(data):
            known = inputs if kind == b"i" else outputs
            text = name.decode("utf-8", "replace").removeprefix("\\")  # yosys's mark of a name that begins with a digit
            which = known.get(text, known.get(f"{text}[0]"))  # a port of one bit has no index
            if which is not None:
                found[kind][int(place)] = which
        counts = (self.sidecar.inputs, self.sidecar.outputs)
        for named, count in zip(found.values(), counts, strict=True):
            if sorted(named) != list(range(count)) or sorted(named.values()) != list(range(count)):
                raise self._misnamed()
        bits = np.array([found[b"i"][place] for place in range(counts[0])], np.int64)
        return bits, np.argsort([found[b"o"][place] for place in range(counts[1])]).astype(np.int64)

    def _misnamed(self) -> InputError:
        inputs, outputs = self._ports()
        said = f"in[0] to in[{len(inputs) - 1}] and out[0] to out[{len(outputs) - 1}]"
        if (inputs, outputs) != self._own_ports():
            said = "those that its sidecar says"
        return InputError(f"its inputs and outputs are not {said}", where=str(self.path), hint="Compile again")


def open_blif(path: Path, manifest: Path | None, options: VerifyOptions) -> NetlistFile:
    """A ``.blif`` file and its sidecar."""
    return _open(path, manifest, "BLIF", path.with_name(path.name + ".json"), options)


def open_aiger_ascii(path: Path, manifest: Path | None, options: VerifyOptions) -> NetlistFile:
    """An ``.aag`` file and its sidecar."""
    return _open(path, manifest, "AIGER", path.with_name(path.name + ".json"), options)


open_aiger_binary = open_aiger_ascii


def open_yosys_json(path: Path, manifest: Path | None, options: VerifyOptions) -> NetlistFile:
    """A ``.yosys.json`` file and its sidecar."""
    stem = path.name[: -len(".yosys.json")]
    return _open(path, manifest, "yosys JSON", path.with_name(f"{stem}.sidecar.json"), options)


def _open(path: Path, manifest: Path | None, kind: str, beside: Path, options: VerifyOptions) -> NetlistFile:
    """Raises InputError: unreadable, not lgc's, or its sidecar belongs to another compilation."""
    digests = _DIGEST.findall(read_bytes(path))
    if len(set(digests)) != 1:
        raise not_ours(path)
    sidecar = read_sidecar(manifest or beside)
    if sidecar.circuit_digest != digests[0].decode():
        raise InputError(
            f"the sidecar belongs to another compilation than the {kind}",
            where=str(sidecar.path),
            hint="Compile again, and keep the two files together",
        )
    return NetlistFile(path, kind, sidecar, options.timeout)
