"""Drawing: a network, or the votes of it that tell most, as SVG or PNG. What `lgc draw` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from lgc.driver.data_request import DataRequest
from lgc.driver.deadline import bounded
from lgc.driver.read import CONFIG_HELP, TIMEOUT, import_options, load_source
from lgc.driver.request import Request, Source, check_outputs
from lgc.driver.sheet import Sheet, Shown
from lgc.errors import InputError, MissingToolError, OptionError
from lgc.progress import Progress, Silence
from lgc.settings import Setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lgc.driver.samples import Chosen
    from lgc.ir import Circuit
    from lgc.report.drawing import Drawn
    from lgc.report.scene import Scene

LayoutName = Literal["auto", "own", "dot"]
_WHOLE, _MOST, _VOTES = 60, 400, 24
_WHAT = "What is drawn"


@dataclass(frozen=True)
class _OfModel(Request):
    """Which network, and where the drawing goes."""

    model: Annotated[Source, Setting("A checkpoint or a netlist.", flags=("MODEL",))]
    output: Annotated[Path, Setting("File to write: .svg or .png.", flags=("-o", "--output"), writes=True)]


@dataclass(frozen=True)
class DrawRequest(DataRequest, _OfModel):
    """Which network, which part of it, and with which sample."""

    of_class: Annotated[
        str | None,
        Setting("Votes of this class alone: its name or number.", flags=("--class",), metavar="CLASS", group=_WHAT),
    ] = None  # fmt: skip
    top: Annotated[
        int | None,
        Setting("So many votes of each class, those that tell most first.", low=1, group=_WHAT,
                shown="all of a small network, else what fits a page"),
    ] = None  # fmt: skip
    gate: Annotated[
        str | None,
        Setting("This gate and what it depends on, as layer1[537].", metavar="LAYER[NEURON]", group=_WHAT),
    ] = None  # fmt: skip
    data: Annotated[
        str | None, Setting("Exhibits: they say which votes tell most. A table, .npz, or a data set's name.")
    ] = None  # fmt: skip
    sample: Annotated[
        int | None, Setting("Colour what is 1 for this sample of the data, from 0.", low=0, group=_WHAT)
    ] = None  # fmt: skip
    layout: Annotated[
        LayoutName, Setting("Who finds places: Graphviz's dot, or lgc itself; auto is dot where it is installed.")
    ] = "auto"  # fmt: skip
    config: Annotated[Path | None, Setting(CONFIG_HELP)] = None
    timeout: Annotated[float | None, TIMEOUT] = None
    facts: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.of_class, int):
            object.__setattr__(self, "of_class", str(self.of_class))
        super().__post_init__()


@dataclass(frozen=True, eq=False, repr=False)
class Drawing(Shown):
    """A drawing.

    Attributes:
        scene: its shapes and words.
        output: where it was written.
        said: what is drawn, as sentences.
    """

    scene: Scene
    output: Path
    said: tuple[str, ...] = ()

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        size = f"{self.scene.width:.0f} x {self.scene.height:.0f} pixels"
        return [self.scene.label, *self.said, f"wrote {self.output} ({size})"]

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        return {
            "output": str(self.output), "width": self.scene.width, "height": self.scene.height,
            "shows": self.scene.label, "said": list(self.said),
        }  # fmt: skip

    def _repr_html_(self) -> str:
        """For notebooks: the drawing itself."""
        from lgc.report.scene import svg_of

        return svg_of(self.scene)


@bounded
def draw(asked: DrawRequest, progress: Progress | None = None) -> Drawing:
    """Draw a network with names of inputs, symbols of gates, votes, sums and the class: as SVG, or as PNG.

    A network of up to 60 gates is drawn whole. Of a larger one those votes are drawn that tell most.

    Raises:
        LgcError: the network or the data cannot be read, there is no such class, gate or sample, or the drawing would
            be too large.
        MissingToolError: PNG, and matplotlib is not installed; or Graphviz is asked for, and is not.
    """
    from lgc.driver.graphviz import placer
    from lgc.report.drawing import scene_of

    progress = progress or Silence()
    _check(asked)
    progress.step("read")
    source = load_source(asked.model, import_options(asked.config, asked.facts))
    chosen, bits = None, None
    if asked.data is not None:
        from lgc.driver.data import load_bits
        from lgc.driver.samples import About, find_samples

        chosen = find_samples(
            asked.data, asked.data_dir, about=About.of(source), reading=asked.reading, split=asked.split
        )  # fmt: skip
        bits = load_bits(chosen, source.circuit.encoder, inputs=source.circuit.inputs)
    part = _part(asked, source.circuit, chosen, bits)
    progress.step("draw")
    place, by = placer(asked.layout)
    scene = scene_of(part, place)
    _write(scene, asked.output)
    return Drawing(scene, asked.output, tuple(one for one in (part.said, by) if one))


def _check(asked: DrawRequest) -> None:
    """Refuse options that do not go together, before anything is read."""
    check_outputs(asked)
    suffix = asked.output.suffix.lower()
    if suffix not in (".svg", ".png"):
        raise OptionError(f"no drawing ends in '{suffix}'", hint="Write a .svg or a .png file")
    if suffix == ".png":
        _need_matplotlib()
    if asked.sample is not None and asked.data is None:
        raise OptionError("--sample is one of the data's, and no data is given", hint="Add --data FILE")
    if asked.gate is not None and (asked.of_class is not None or asked.top is not None):
        raise OptionError("--gate draws one gate, --class and --top draw votes", hint="Leave one of them out")


def _need_matplotlib() -> None:
    import importlib.util

    if importlib.util.find_spec("matplotlib") is None:
        from lgc.tools.find import DEPENDENCIES

        raise MissingToolError(
            "PNG needs matplotlib, which is not installed", hint=f"{DEPENDENCIES['matplotlib'].hint}; SVG needs nothing"
        )


def _write(scene: Scene, path: Path) -> None:
    from lgc.files import replacing, write_text
    from lgc.report.scene import svg_of, write_png

    if path.suffix.lower() == ".svg":
        write_text(path, svg_of(scene))
        return
    from lgc.tools.cache import lend_home

    lend_home()
    with replacing(path) as temporary:
        write_png(scene, temporary)


def _part(asked: DrawRequest, circuit: Circuit, chosen: Chosen | None, bits: NDArray[np.bool_] | None) -> Drawn:
    """What is drawn.

    Raises:
        OptionError, InputError: there is no such class, gate or sample, or it is too much.
    """
    from dataclasses import replace

    from lgc.report.drawing import Drawn, gates_behind

    if asked.gate is not None:
        part = Drawn(circuit, (), _gate(circuit, asked.gate))
    else:
        part = Drawn(circuit, _votes(asked, circuit, bits, None if chosen is None else chosen.labels))
    count = len(gates_behind(part))
    if count > _MOST:
        hint = "Draw fewer votes: --top 1, or one class; `lgc view` shows all of a large network"
        raise OptionError(f"the drawing would have {count:,} gates, more than {_MOST}", hint=hint)
    if asked.sample is None or chosen is None or bits is None:
        return part
    if asked.sample >= len(bits):
        raise InputError(
            f"there is no sample {asked.sample}", where=asked.data, hint=f"There are {len(bits):,}, from 0"
        )
    return replace(part, **_of_sample(circuit, bits[asked.sample], asked.sample, chosen.labels))


def _of_sample(circuit: Circuit, bits: NDArray[np.bool_], number: int, labels: Any) -> dict[str, Any]:
    """The values of all nets, the scores, and what came out."""
    from lgc.ir import interp

    row = bits[None, :]
    value = interp.unpack(interp.evaluate_nets(circuit.netlist, interp.pack(row)), 1)[0]
    scores = interp.scores(circuit, row)
    names = circuit.head.classes
    label = "" if labels is None else f", its label is {names[int(labels[number])]}"
    said = f"Orange is 1, for sample {number}: the network says {names[int(circuit.head.classify(scores)[0])]}{label}."
    return {"value": value, "scores": tuple(scores[0].tolist()), "said": said}


def _votes(
    asked: DrawRequest, circuit: Circuit, bits: NDArray[np.bool_] | None, labels: NDArray[np.int64] | None
) -> tuple[int, ...]:
    from lgc.report.votes import ranked_votes

    head = circuit.head
    classes = range(head.num_classes) if asked.of_class is None else (_class(circuit, asked.of_class),)
    if asked.top is None and sum(int(head.sizes[one]) for one in classes) <= _WHOLE >= circuit.netlist.num_nodes:
        return tuple(vote for one in classes for vote in range(int(head.offsets[one]), int(head.offsets[one + 1])))
    top = asked.top or max(1, _VOTES // len(classes))
    return tuple(sorted(int(v) for one in classes for v in ranked_votes(circuit, one, bits, labels)[:top]))


def _class(circuit: Circuit, wanted: str) -> int:
    names = circuit.head.classes
    if wanted in names:
        return names.index(wanted)
    if wanted.isdecimal() and int(wanted) < len(names):
        return int(wanted)
    shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    raise OptionError(f"there is no class '{wanted[:60]}'", hint=f"There are {shown}")


def _gate(circuit: Circuit, wanted: str) -> int:
    """The net of a gate that is called as messages call it."""
    import numpy as np

    netlist = circuit.netlist
    name, _, number = wanted.strip().rstrip("]").rpartition("[")
    if name in netlist.origins.names and number.isdecimal():
        origins = netlist.origins
        handles = np.flatnonzero((origins.layer == origins.names.index(name)) & (origins.neuron == int(number[:9])))
        nodes = np.flatnonzero(np.isin(netlist.origin, handles))
        if len(nodes):
            return int(netlist.first_node + nodes[-1])
    layers = ", ".join(netlist.origins.names[:10])
    raise OptionError(f"there is no gate '{wanted[:60]}'", hint=f"Give one as layer1[537]; the layers are {layers}")
