"""Compiling: read, encoder, passes, head, register stages, emit. What `lgc compile` does, no more and no less."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgc.driver.compile_request import CompileRequest
from lgc.driver.deadline import bounded
from lgc.driver.points import compiled_as_point
from lgc.driver.read import import_options, load_source
from lgc.driver.request import check_outputs, flags
from lgc.driver.sheet import Grid, Sheet, Shown
from lgc.driver.sliding import as_sliding, num_gates, sliding_lines, sliding_table
from lgc.errors import MismatchError, OptionError
from lgc.progress import Progress, Silence

if TYPE_CHECKING:
    from lgc.backend.base import Format
    from lgc.backend.manifest import Manifest
    from lgc.backend.verilog import Verilog
    from lgc.driver.features import Loss
    from lgc.driver.read import Loaded
    from lgc.ir import Circuit
    from lgc.mapping.pipeline import Pipeline
    from lgc.passes import PassManager, PassStats

_CHECKED = (".v", ".c", ".py", ".blif", ".aag", ".aig", ".json", ".onnx", ".lgn")
FEATURE_FORMATS = ("verilog", "amaranth", "lgn")


@dataclass(frozen=True, eq=False, repr=False)
class Compiled(Shown):
    """What was compiled, and what came out.

    Attributes:
        source: what was read.
        input_circuit: before the passes.
        circuit: after them.
        stats: what each pass did.
        format: what was written, with all its options settled.
        reason: why it has the head that it has; empty where there was no choice.
        attempts: measurements of a search for a clock, as sentences.
        files: those written, the main one first.
        loss: what codes of features change on the data that were given; None without data.
    """

    source: Loaded
    input_circuit: Circuit
    circuit: Circuit
    stats: tuple[PassStats, ...]
    format: Format
    level: str
    reason: str = ""
    attempts: tuple[str, ...] = ()
    files: tuple[Path, ...] = field(default=())
    loss: Loss | None = None

    @property
    def path(self) -> Path:
        """The main file."""
        return self.files[0]

    @property
    def manifest(self) -> Manifest | None:
        """What is beside the file for machines: ports, latency, orders; None where the format writes none."""
        from lgc.backend.manifest import read_manifest

        beside = [path for path in self.files if path == self.path.with_suffix(".json")]
        return read_manifest(beside[0]) if self.path.suffix == ".v" and beside and beside[0].exists() else None

    @property
    def _verilog(self) -> Verilog | None:
        from lgc.backend.verilog import Verilog

        return self.format if isinstance(self.format, Verilog) else None

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        before, after = self.input_circuit.netlist, self.circuit.netlist
        manifest = self.manifest
        return {
            "name": self.circuit.name, "level": self.level, "files": [str(path) for path in self.files],
            "gates": num_gates(self.format, self.circuit), "gates_before": before.num_nodes, "depth": after.depth,
            "format": self.format.name, "head": getattr(self.format, "head", None), "reason": self.reason or None,
            "fabric": getattr(self.format, "fabric", None), "attempts": list(self.attempts),
            "top": manifest.top if manifest else None, "latency": manifest.latency if manifest else None,
            "interval": manifest.interval if manifest else None,
            "ports": [asdict(port) for port in manifest.ports] if manifest else [],
            "passes": [
                {"name": one.name, "gates": one.nodes_after, "depth": one.depth_after, "outputs": one.outputs_after,
                 "seconds": one.seconds, "done": dict(one.counts)}
                for one in self.stats
            ],
            "rounding": None if self.loss is None else str(self.loss),
        }  # fmt: skip

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        before, after = self.input_circuit.netlist, self.circuit.netlist
        if (lines := sliding_lines(self.format, before.num_nodes)) is not None:
            rounding = [] if self.loss is None else [str(self.loss)]
            return [*lines, *rounding, *self._written(), *self._next()]
        saved = 100 * (1 - after.num_nodes / before.num_nodes) if before.num_nodes else 0.0
        gates = f"{before.num_nodes:,} -> {after.num_nodes:,} gates ({saved:.1f} % fewer), depth {after.depth}"
        return [gates, *self._columns(), *self.attempts, *self._hardware(), *self._written(), *self._next()]

    def details(self) -> Sheet:
        """See :class:`Shown`: what each pass did, and where the register stages stand."""
        if (table := sliding_table(self.format)) is not None:
            return [table]
        verilog = self._verilog
        stages = stage_table(verilog.placed(self.circuit)) if verilog else []
        return [*self._passes(), *stages]

    def _next(self) -> Sheet:
        """What one does next: the commands, ready to be typed."""
        model = getattr(self.source, "path", None)
        if model is None:
            return []
        check = f"lgc verify {shlex.quote(str(model))} {shlex.quote(str(self.path))}"
        return [f"next: {check}"] if self.path.suffix in _CHECKED else []

    def _passes(self) -> Sheet:
        before = self.input_circuit.netlist
        rows = [("(input)", f"{before.num_nodes:,}", str(before.depth), f"{before.num_outputs:,}", "", "")]
        for one in self.stats:
            done = ", ".join(f"{count:,} {name}" for name, count in one.counts.items()) or "nothing"
            counts = (f"{one.nodes_after:,}", str(one.depth_after), f"{one.outputs_after:,}")
            rows.append((one.name, *counts, f"{one.seconds * 1e3:.1f}", done))
        title = f"{self.input_circuit.name}: {self.level}"
        headings = ("pass", "gates>", "depth>", "outputs>", "ms>", "what it did")
        return [Grid(headings, tuple(rows), title)] if self.stats else []

    def _columns(self) -> Sheet:
        from lgc.driver.columns import code_lines

        return [*code_lines(self.circuit), *([str(self.loss)] if self.loss is not None else [])]

    def _hardware(self) -> Sheet:
        if self._verilog is None:
            return []
        lines = [
            *_head_lines(self._verilog, self.circuit, self.reason),
            *latency_lines(self._verilog.placed(self.circuit)),
        ]
        manifest = self.manifest
        if manifest is None:
            return lines
        rows = tuple((one.name, one.direction, f"{one.width:,}", one.meaning) for one in manifest.ports)
        ports = Grid(("port", "direction", "bits>", "meaning"), rows, f"module {manifest.top}")
        return [ports, *lines, _timing(manifest)]

    def _written(self) -> Sheet:
        return [f"wrote {path} ({path.stat().st_size:,} bytes)" for path in self.files if path.exists()]


def stage_table(pipeline: Pipeline) -> Sheet:
    """The register stages as a table: what each costs, and what lies before it; nothing if there are none."""
    if not pipeline.latency:
        return []
    rows = tuple(
        (str(number), str(one.behind), f"{one.registers:,}", f"{one.delay:.1f}")
        for number, one in enumerate(pipeline.stages(), 1)
    )
    headings = ("stage>", "behind", "registers>", "LUTs in a row before it (estimated)>")
    return [Grid(headings, rows, "register stages")]


def latency_lines(pipeline: Pipeline) -> Sheet:
    """When results come, and what that costs."""
    if not pipeline.latency:
        return []
    return [
        f"latency {pipeline.latency} clocks, {pipeline.registers + pipeline.latency:,} registers (estimated), "
        f"at most {pipeline.delay:.1f} LUTs in a row (estimated; {pipeline.whole_delay:.1f} without register stages)",
    ]


def _timing(manifest: Manifest) -> str:
    """When a result comes, as a sentence."""
    if not manifest.latency:
        return "combinational: results follow the input without a clock"
    often = "every clock" if manifest.interval == 1 else f"every {manifest.interval:,} clocks"
    return f"a result {manifest.latency:,} clock{'s' * (manifest.latency > 1)} after its input; a new input {often}"


def _head_lines(verilog: Verilog, circuit: Circuit, reason: str) -> Sheet:
    """Which head was built and why, and its lookup tables by stage, which are exact."""
    from lgc.mapping.heads.strings import end_sites
    from lgc.parts.fabrics import FABRICS

    lines = [f"head {verilog.head}, {reason}"]
    mapped = verilog.mapped(circuit)
    if mapped:
        luts = mapped.luts
        known = FABRICS.get(verilog.fabric)
        below = luts.pop("gates")
        if known and known.muxes:  # gates that are tables of the fabric and multiplexers
            wide = mapped.netlist.arity[mapped.wide] - mapped.lut
            luts["tables"], below = luts["tables"] + int((1 << wide).sum()), below - len(wide)
        luts["ends of chains"] = end_sites(mapped, known.positions) if known else 0
        stages = ", ".join(
            f"{count:,} {stage}" for stage, count in luts.items() if count or stage in ("popcount", "argmax")
        )
        chains = f", {len(mapped.chains):,} carry chains" if mapped.chains else ""
        lines.append(f"{sum(luts.values()):,} LUT{mapped.lut} ({stages}){chains}, by construction")
        if below:
            lines.append(f"besides {below:,} gates below the last layer, which synthesis maps")
    return lines


@bounded
def compile(asked: CompileRequest, progress: Progress | None = None) -> Compiled:  # noqa: A001 - the verb's name
    """Compile a checkpoint, a netlist or a network to the format that the suffix of the output names.

    Raises:
        LgcError: the source cannot be read, an option is impossible, a clock is out of reach, or a file cannot be
            written; then no file is written.
        MismatchError: with ``bisect``, a pass changed a score, which is a bug in lgc.
    """
    from lgc.backend.base import format_class, write
    from lgc.driver.stream import refuse_stream_options

    progress, asked = progress or Silence(), compiled_as_point(asked)
    kind = format_class(asked.output)
    options = asked.format_options()
    if kind.name == "verilog":
        options.setdefault("top", asked.output.stem)
    check_outputs(asked)
    if asked.stream:
        return _streamed(asked, options, progress)
    refuse_stream_options(asked)
    format_ = kind.from_options(options)
    progress.step("read")
    source = load_source(asked.model, import_options(asked.config, asked.facts))
    circuit, loss = _with_input(source, asked, kind, progress)
    level = f"-p {asked.passes}" if asked.passes else f"-O{asked.level}"
    if (sliding := as_sliding(asked, source, format_)) is not None:
        progress.step("write")
        files = tuple(write(sliding, circuit, asked.output))
        return Compiled(source, circuit, circuit, (), sliding, level, files=files)
    progress.step("optimise")
    manager = _manager(asked)
    optimised = manager.run(circuit, _pipeline(asked))
    _refuse_broken(manager)
    format_, reason = _settled(asked, format_, optimised)
    format_, attempts = _placed(asked, format_, optimised, progress)
    progress.step("write")
    files = tuple(write(format_, optimised, asked.output))
    return Compiled(source, circuit, optimised, tuple(manager.stats), format_, level, reason, attempts, files, loss)


def _streamed(asked: CompileRequest, options: Mapping[str, str], progress: Progress) -> Compiled:
    """The same of a circuit that takes an image pixel by pixel."""
    from lgc.backend.base import write
    from lgc.driver.stream import as_stream, refuse_whole

    refuse_whole(asked)
    progress.step("read")
    source = load_source(asked.model, import_options(asked.config, asked.facts))
    circuit, format_, loss = as_stream(asked, source, options, progress)
    progress.step("write")
    files = tuple(write(format_, circuit, asked.output))
    return Compiled(source, circuit, circuit, (), format_, f"-O{asked.level}", files=files, loss=loss)


def _manager(asked: CompileRequest) -> PassManager:
    from lgc.passes import PassManager

    return PassManager(
        check=asked.check, dump_dir=asked.dump_ir, stop_after=asked.stop_after or None,
        bisect_vectors=256 if asked.bisect else 0,
    )  # fmt: skip


def _pipeline(asked: CompileRequest) -> Sequence[Any]:
    """The passes to run.

    Raises:
        OptionError: passes by name and a level, or a name that no pass has.
    """
    from lgc.passes import PIPELINES

    if not asked.passes:
        return PIPELINES[f"O{asked.level}"]
    if "level" in asked.given():
        raise OptionError(f"{flags(CompileRequest, 'passes')} runs its own passes, and a level is given too")
    from lgc.passes import pipeline_of

    return pipeline_of(asked.passes)


def _refuse_broken(manager: PassManager) -> None:
    broken = manager.broken
    if broken is None:
        return
    raise MismatchError(
        f"pass {broken.stats.index}, {broken.stats.name}, changed the scores of random vector {broken.vector} from "
        f"{broken.expected} to {broken.seen}",
        hint="This is a bug in lgc; please report it with the files that --dump-ir DIR writes",
    )


def _with_input(
    source: Loaded, asked: CompileRequest, kind: type[Format], progress: Progress
) -> tuple[Circuit, Loss | None]:
    """The circuit, its encoder as gates if features are the input; and what codes of features change, if measured.

    What O3 knows of a feature's bits is to be had before they become comparators.

    Raises:
        OptionError: the format has no features, or they cannot become integers.
        InputError: the data cannot be read or do not fit.
    """
    circuit, loss = source.circuit, None
    if asked.input == "bits" or circuit.encoder.code is not None:
        from lgc.driver.features import refuse_no_codes

        refuse_no_codes(asked, coded=circuit.encoder.code is not None)
    else:
        from lgc.driver.features import choose_codes, measure
        from lgc.driver.samples import About, find_samples
        from lgc.mapping.encoder import lower_encoder
        from lgc.passes import optimize

        found = None if asked.data is None else find_samples(asked.data, asked.data_dir, about=About.of(source))
        codes = choose_codes(circuit, asked, found)
        if found is not None:
            progress.step("measure")
            loss = measure(circuit, codes, found)
        circuit = lower_encoder(optimize(circuit, "O3") if asked.level == "3" else circuit, codes)
    if circuit.encoder.code is not None and kind.name not in FEATURE_FORMATS:
        raise OptionError(
            f"integer features are for {' and '.join(FEATURE_FORMATS)}, not {kind.name}",
            hint="Write a .v, .py or .lgn file; the C code and ONNX encode features themselves",
        )
    return circuit, loss


def _settled(asked: CompileRequest, format_: Format, circuit: Circuit) -> tuple[Format, str]:
    """The format with the head that ``auto`` stands for, in the cells of the part if one is named, and why."""
    from lgc.backend.verilog import Verilog
    from lgc.mapping.choose import GENERIC
    from lgc.mapping.heads import AUTO
    from lgc.parts.part import find_part

    if not isinstance(format_, Verilog):
        return format_, ""
    part = find_part(asked.part) if asked.part is not None else None
    if part is not None and format_.head == AUTO and format_.fabric == GENERIC:
        format_ = replace(format_, fabric=part.fabric)
    return format_.settled(circuit, part), format_.choice(circuit, part).reason


def _placed(
    asked: CompileRequest, format_: Format, circuit: Circuit, progress: Progress
) -> tuple[Format, tuple[str, ...]]:
    """The format with the register stages that meet the clock, if one was asked for, and what was measured.

    Raises:
        OptionError: the options contradict each other, or the clock is out of reach.
    """
    from lgc.backend.verilog import Verilog

    if asked.part is None and asked.clock is None:
        return format_, ()
    if asked.part is None or asked.clock is None:
        raise OptionError(
            f"{flags(CompileRequest, 'part', 'clock')} go together: the part, and the clock that it must reach",
            hint="For example --part ecp5-85k --clock 150MHz; --pipeline N measures nothing",
        )
    if not isinstance(format_, Verilog) or format_.pipeline:
        raise OptionError(
            "--clock finds the number of register stages of Verilog", hint="Write a .v file, without --pipeline"
        )
    from lgc.driver.clock import parse_clock
    from lgc.driver.workers import open_workers
    from lgc.driver.workers_request import WorkersRequest
    from lgc.parts.part import find_part
    from lgc.synth.closure import close_circuit
    from lgc.synth.flow import SynthOptions

    options = SynthOptions(clock=parse_clock(asked.clock), seeds=tuple(range(1, asked.seeds + 1)))
    part = find_part(asked.part)
    with open_workers(WorkersRequest(), progress, default=os.cpu_count() or 1, most=asked.seeds) as farm:
        found, closure = close_circuit(circuit, format_, part, options, progress, farm)
    return found, tuple(
        f"{one.stages} register stages: {one.fmax:.1f} MHz measured on {part.name}, "
        f"{'meets' if one.fmax >= closure.clock else 'misses'} the clock"
        for one in closure.attempts
    )
