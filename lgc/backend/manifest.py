"""The manifest: what a machine, or a person with a board, must know to use an emitted circuit."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lgc import __version__
from lgc.backend.columns import check_rows, codes_from_json, codes_to_json, column_rows
from lgc.bounds import read_json
from lgc.errors import InputError
from lgc.ir import Circuit, FeatureCodes, Label, port_names
from lgc.ir.inputs import LABELS
from lgc.ir.ports import INPUT_NAMES, OUTPUT_NAMES

FORMAT = "lgc-manifest"
VERSION = 1
BIT_ORDER = "bit f*T + t of `bits` is feature f > threshold t; class 0 is at the low end of `scores`"
FEATURE_ORDER = "bit f*W + i of `features` is bit i of feature f's code; class 0 is at the low end of `scores`"


COLUMN_ORDER = "the codes of `columns` side by side, each at bit `at`; class 0 is at the low end of `scores`"
_PORT_NAMES = (INPUT_NAMES, OUTPUT_NAMES)


@dataclass(frozen=True)
class Port:
    """One port of the top module; widths in bits."""

    name: str
    direction: str
    width: int
    meaning: str


@dataclass(frozen=True)
class Manifest:
    """What is beside an emitted circuit in `NAME.json`.

    Attributes:
        input_names, output_names: what the source calls the bits of ``bits`` and the classes; None where it does not.
        latency: rising clock edges from an input to its result; 0 is combinational.
        interval: clocks from an input that is taken to the next that can be.
        score_width: bits of a score; two's complement if ``score_signed``.
        thresholds: per feature, or None if the port takes features, or features are bits.
        features: how features become bits of the port ``features``, or None if the port is ``bits``.
        columns: of each column of a sample its name, range and place on the port, and how it becomes a code, where
            the model knows its input; see :func:`lgc.backend.columns.column_rows`.
        labels: of the classes as the data had them; None if they are the numbers from 0, or nobody said.
        assumes: ``thermometer`` if the circuit is only right for ``bits`` that features give; empty if for any bits.
        interface: the wrapper beside the circuit and its sizes in bytes, or None (docs/interfaces.md).
        stream: of a circuit that takes an image pixel by pixel: its image, beats and reply; else None. Latency then
            counts from the last pixel of a frame, and interval from frame to frame (docs/streaming.md).
    """

    top: str
    ports: tuple[Port, ...]
    latency: int
    score_width: int
    score_signed: bool
    num_features: int
    thresholds: tuple[tuple[float, ...], ...] | None
    classes: tuple[str, ...]
    group_sizes: tuple[int, ...]
    bias: tuple[int, ...]
    tie: str
    tau: float
    nodes: int
    depth: int
    model_digest: str
    circuit_digest: str
    features: FeatureCodes | None = None
    columns: tuple[Mapping[str, Any], ...] = ()
    labels: tuple[Label, ...] | None = None
    assumes: str = ""
    interface: dict[str, Any] | None = None
    stream: dict[str, Any] | None = None
    interval: int = 1
    input_names: tuple[str, ...] | None = None
    output_names: tuple[str, ...] | None = None
    format: str = FORMAT
    version: int = VERSION
    lgc: str = __version__
    bit_order: str = BIT_ORDER

    @classmethod
    def of(
        cls,
        circuit: Circuit,
        *,
        top: str,
        ports: list[Port],
        latency: int,
        score_width: int,
        score_signed: bool,
        interval: int = 1,
    ) -> Manifest:
        """The manifest of a circuit behind the given ports."""
        encoder, head = circuit.encoder, circuit.head
        thresholds = encoder.thresholds
        return cls(
            top=top,
            ports=tuple(ports),
            latency=latency,
            interval=interval,
            score_width=score_width,
            score_signed=score_signed,
            num_features=encoder.num_features,
            thresholds=None if thresholds is None else tuple(tuple(row) for row in thresholds.tolist()),
            classes=head.classes,
            group_sizes=tuple(head.sizes.tolist()),
            bias=tuple(head.bias.tolist()),
            tie=head.tie,
            tau=head.tau,
            nodes=circuit.netlist.num_nodes,
            depth=circuit.netlist.depth,
            model_digest=circuit.metadata.get("model_digest", "none"),
            circuit_digest=circuit.digest(),
            features=encoder.code,
            assumes=circuit.assumes,
            columns=column_rows(circuit),
            labels=circuit.labels if LABELS in circuit.metadata else None,
            input_names=tuple(port_names(circuit)[0]) if INPUT_NAMES in circuit.metadata else None,
            output_names=tuple(port_names(circuit)[1]) if OUTPUT_NAMES in circuit.metadata else None,
            bit_order=_bit_order(encoder.code),
        )

    @property
    def input_port(self) -> str:
        """The name of the port that takes the input."""
        return "bits" if self.features is None else "features"

    def to_json(self) -> str:
        """The text of the file."""
        fields = asdict(self)
        head = {name: fields.pop(name) for name in ("format", "version", "lgc")}
        thresholds = fields.pop("thresholds")
        if self.interval == 1:
            del fields["interval"]
        for name in ("interface", "stream"):
            if fields[name] is None:
                del fields[name]
        if not self.assumes:
            del fields["assumes"]
        for name in (*_PORT_NAMES, "labels"):
            if fields[name] is None:
                del fields[name]
        if self.features is None:
            del fields["features"]
        else:
            fields["features"] = codes_to_json(self.features)
        columns = fields.pop("columns")
        text = json.dumps(head | fields, indent=2)
        # Thresholds last and on one line a feature: there may be thousands.
        rows = (
            "null"
            if thresholds is None
            else "[\n    " + ",\n    ".join(json.dumps(row) for row in thresholds) + "\n  ]"
        )
        if columns:
            lines = ",\n    ".join(json.dumps(row) for row in columns)
            text = text.removesuffix("\n}") + f',\n  "columns": [\n    {lines}\n  ]\n}}'
        return text.removesuffix("\n}") + f',\n  "thresholds": {rows}\n}}\n'

    def port(self, name: str) -> Port | None:
        """The port of that name, or None."""
        return next((port for port in self.ports if port.name == name), None)


def _bit_order(codes: FeatureCodes | None) -> str:
    if codes is None:
        return BIT_ORDER
    return FEATURE_ORDER if codes.common is not None else COLUMN_ORDER


def read_manifest(path: Path) -> Manifest:
    """Read `NAME.json`.

    Raises:
        InputError: missing, damaged, or of another version.
    """
    if not path.exists():
        raise InputError(
            "the manifest is missing",
            where=str(path),
            hint="`lgc compile` writes it beside the Verilog; keep the two together",
        )
    try:
        fields: dict[str, Any] = read_json(path)
        if fields.get("format") != FORMAT or fields.get("version") != VERSION:
            raise InputError(f"this is no lgc manifest of version {VERSION}", where=str(path), hint="Compile again")
        written = dict(fields)
        fields["ports"] = tuple(Port(**port) for port in fields["ports"])
        for name in ("classes", "group_sizes", "bias", *(one for one in (*_PORT_NAMES, "labels") if one in fields)):
            fields[name] = tuple(fields[name])
        if fields.get("features") is not None:
            fields["features"] = codes_from_json(fields["features"], fields["num_features"])
        fields["columns"] = tuple(fields.get("columns", ()))
        if fields["thresholds"] is not None:
            fields["thresholds"] = tuple(tuple(row) for row in fields["thresholds"])
        manifest = Manifest(**fields)
        _check(manifest)
        if json.loads(manifest.to_json()) != written:
            raise ValueError("it is not as lgc writes it")
        return manifest
    except InputError as error:
        raise error.at(str(path)) from None
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
        raise InputError(f"the manifest is damaged ({error})", where=str(path), hint="Compile again") from None


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LIMITS = {
    "latency": 1 << 19,
    "interval": 1 << 19,
    "score_width": 62,
    "num_features": 1 << 31,
    "nodes": 1 << 31,
    "depth": 1 << 31,
}


def _check(manifest: Manifest) -> None:
    """Types and ranges of what verify builds on: names reach a simulator, numbers decide how much is allocated.

    Raises:
        ValueError: with the field at fault.
    """
    for field, limit in _LIMITS.items():
        value = getattr(manifest, field)
        if type(value) is not int or not 0 <= value <= limit:
            raise ValueError(field)
    for field in ("top", "tie", "assumes", "model_digest", "circuit_digest"):
        if not isinstance(getattr(manifest, field), str):
            raise ValueError(field)
    if type(manifest.score_signed) is not bool or not all(isinstance(name, str) for name in manifest.classes):
        raise ValueError("score_signed or classes")
    if manifest.features is not None and (problem := manifest.features.problem()):
        raise ValueError(problem)
    check_rows(manifest.columns)
    _check_ports(manifest.ports)
    if not _NAME.fullmatch(manifest.top):
        raise ValueError("top")


def _check_ports(ports: tuple[Port, ...]) -> None:
    for port in ports:
        plain = all(isinstance(text, str) for text in (port.name, port.direction))
        if not plain or not _NAME.fullmatch(port.name) or port.direction not in ("input", "output"):
            raise ValueError("ports")
        if type(port.width) is not int or not 1 <= port.width < 1 << 31:
            raise ValueError(f"port {port.name}")
