"""What a training run is told: the one list of settings that flags, TOML files, presets and checkpoints share."""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from lgc.bounds import TOML_BYTES, parse_toml, read_within
from lgc.data import Loading, TableOptions
from lgc.data.text import MISSING_RULES
from lgc.errors import InputError, OptionError
from lgc.parts.part import find_part
from lgc.settings import Setting, check_settings, described
from lgc.text import plain_text
from lgc.train.net import parse_net

AUGMENTATIONS = ("none", "shift", "affine-elastic", "crop-flip")
INTERPOLATIONS = ("bilinear", "bicubic")
PRECISIONS = ("auto", "float32", "tf32", "bfloat16")
ESTIMATORS = ("straight-through", "gumbel", "soft")
PARAMETRISATIONS = ("auto", "gates", "tables")
THRESHOLDS = re.compile(r"(uniform|distributive|mixed|rounded|rounded-mixed):([1-9][0-9]{0,2})")
THRESHOLDS_HINT = "Give numbers, uniform:T, distributive:T, mixed:T, rounded:T or rounded-mixed:T"
GATES_A_TABLE = 4
"""So many two-input gates are about as accurate as a table of six inputs."""
_GATE_ARITY = 2
_ASIC_ARITY = 6  # of tables, which measured best in gate equivalents too
CLASS_WEIGHTS = ("none", "balanced")
PRESETS = (
    "mnist-fast", "mnist-lut-500", "mnist-lut-1k", "mnist-lut-2k", "mnist-lut5-2k", "mnist-lut5-4k", "mnist-lut-4700",
    "mnist-lut4-1k", "mnist-lut4-1630", "mnist-lut4-2k", "mnist-conv", "mnist-conv-4k", "mnist-conv-4500",
    "mnist-conv-lut4", "mnist-4k", "mnist-8k", "mnist-32k", "fmnist-lut", "fmnist-conv", "fmnist-8k", "cifar-lut",
    "cifar-lut-40k", "cifar-conv", "cifar-conv-40k", "cifar-64k", "cifar-256k", "jsc",
)  # fmt: skip


_data = partial(Setting, group="Data")
_network = partial(Setting, group="Network")
_course = partial(Setting, group="Course of training")
_images = partial(Setting, group="Augmentation of images")


def _aside(text: str, *, choices: tuple[str, ...] = (), low: float | None = None) -> Setting:
    return Setting(text, choices, low, decides=False)


@dataclass(frozen=True)
class TrainConfig:
    """One run. The same settings on the same machine give the same model, bit for bit.

    Raises:
        OptionError: a setting is out of its range, or two do not go together.
    """

    dataset: Annotated[str, _aside("A name, openml:NAME, or a .csv, .tsv or .npz file.")]
    data_dir: Annotated[Path | None, _aside("Folder with the data files.")] = None
    output: Annotated[
        Path | None,
        Setting("Checkpoint to write, .pt or .safetensors.", decides=False, flags=("-o", "--output")),
    ] = None
    log: Annotated[Path | None, _aside("JSON lines, one an epoch; a .csv and a .png of the curve go beside it.")] = None
    name: Annotated[str | None, _aside("Name of the model; by default the data set's.")] = None
    device: Annotated[str, _aside("Where to train.", choices=("auto", "cpu", "cuda"))] = "auto"
    precision: Annotated[str, _aside("Of matrix products: auto is tf32 on a GPU.", choices=PRECISIONS)] = "auto"
    save_every: Annotated[float, _aside("Seconds between two saves of the state for --resume.", low=0)] = 60.0
    soft_samples: Annotated[int, _aside("Validation samples for the soft accuracy; 0 for none.", low=0)] = 512

    label: Annotated[
        str | None, _data("Column of the labels: its name or number; by default label, class, target or y.")
    ] = None
    header: Annotated[
        bool | None, _data("Whether the first row of a table has names; by default, what it looks like.")
    ] = None
    missing: Annotated[str, _data("Samples in which a number or the label is missing.", MISSING_RULES)] = "refuse"
    drop: Annotated[tuple[str, ...], _data("Column to leave out; may be given again.", metavar="COLUMN")] = ()
    group: Annotated[
        str | None, _data("Column whose equal values keep samples together when some are held out.", metavar="COLUMN")
    ] = None
    category: Annotated[
        tuple[str, ...], _data("Column of numbers that are names of categories; may be given again.", metavar="COLUMN")
    ] = ()
    na: Annotated[
        tuple[str, ...], _data("Text that stands for a missing value, as NA does; may be given again.", metavar="TEXT")
    ] = ()
    delimiter: Annotated[
        str | None, _data("Of a table of text: a character, tab or space; by default, what it looks like.")
    ] = None
    test: Annotated[Path | None, _aside("File of test samples; by default a fifth of the samples is held out.")] = None
    split_seed: Annotated[int, _data("Decides which samples are held out.", low=0)] = 0
    feature_bits: Annotated[
        int | None,
        _data("Bits of every number's code; by default 8 to 16, what tells its values apart. 0 for no codes.",
              low=0, high=24, metavar="W"),
    ] = None  # fmt: skip

    gates: Annotated[int, _network("Gates a layer; 0 for what suits the data.", low=0)] = 0
    layers: Annotated[int, _network("Layers; 0 for what suits the data.", low=0)] = 0
    net: Annotated[
        str,
        _network("Layers of tables for images, in place of --gates and --layers, such as c64k5s2,c128k3s2,d2000. "
                 "c64k5s2p1 are 64 kernels over 5x5 pixels, stride 2, padding 1 (t2: trees of two levels); e64k5s2 are "
                 "64 that compare pixels, and do not learn; o2 is the OR of 2x2; d2000 are 2,000 tables over "
                 "all; a5 at a layer's end gives its tables five inputs.",
                 metavar="LAYERS"),
    ] = ""  # fmt: skip
    wiring: Annotated[
        tuple[str, ...],
        _network("dense, topk:K or fixed, once a layer; the last one is for all further layers. By default dense, then "
                 "fixed; topk:64 where there are many inputs."),
    ] = ()  # fmt: skip
    redraw: Annotated[
        int,
        _network("Times that other candidates of topk wires replace unlikely ones, in three of four epochs.", low=0),
    ] = 0
    comparators: Annotated[
        int,
        _network("Most bits of the encoder that need logic; --redraw gives up the others step by step. 0 for any.",
                 low=0),
    ] = 0  # fmt: skip
    estimator: Annotated[str, _network("How training sees the choice of a gate.", ESTIMATORS)] = "straight-through"
    wire_estimator: Annotated[str, _network("The same for the choice of a wire.", ESTIMATORS)] = "straight-through"
    gumbel_temperature: Annotated[float, _network("Of the softmax, where an estimator is gumbel.", above=0)] = 0.25
    for_part: Annotated[
        str | None,
        _network("Train for this part: tables of its arity, thresholds that cost it little, and its price in the log; "
                 "see `lgc synth --list`. What is given beats it.", flags=("--for",), metavar="PART"),
    ] = None  # fmt: skip
    arity: Annotated[
        int, _network("Inputs of a gate; above 2 with --parametrisation tables. 0 for 2, or what --for suits.", low=0,
                      high=6),
    ] = 0  # fmt: skip
    parametrisation: Annotated[
        str,
        _network("What is learned of a gate: which of 16, or each entry of its truth table; auto: gates, but tables "
                 "with --for.", PARAMETRISATIONS),
    ] = "auto"  # fmt: skip
    table_init: Annotated[
        str,
        _network(
            "How tables start: random; residual: as their first operand, but for the last layer's; auto: residual "
            "from three layers on.",
            ("auto", "random", "residual"),
        ),
    ] = "auto"
    thresholds: Annotated[
        tuple[float, ...] | str,
        _network(
            "A bit is 1 where the feature is above it; once for each bit. Or uniform:T, distributive:T, mixed:T, "
            "rounded:T, rounded-mixed:T, or auto for what suits the data.",
            flags=("--threshold",),
        ),
    ] = "auto"
    rarest: Annotated[float, _network("Inputs 1 (or 0) in a smaller part of the samples get no wires.", (), 0, 0.5)] = (
        0.001
    )

    epochs: Annotated[int, _course("Passes over the training samples; 0 for what suits the data.", low=0)] = 0
    batch: Annotated[int, _course("Samples a step; 0 for what suits the data.", low=0)] = 0
    lr: Annotated[float, _course("Learning rate of Adam.", above=0)] = 0.075
    schedule: Annotated[str, _course("Learning rate falling to 0, or constant.", ("cosine", "constant"))] = "cosine"
    tau: Annotated[
        float | str,
        _course(
            "Divides the scores in the loss. auto is half the root of the gates a class; adaptive starts there and "
            "keeps the spread of the logits.",
            ("auto", "adaptive"),
            above=0,
        ),
    ] = "auto"
    class_weight: Annotated[
        str, _course("balanced counts the samples of every class alike, whatever their number.", CLASS_WEIGHTS)
    ] = "none"
    seed: Annotated[int, _course("Decides everything that is drawn.", low=0)] = 0
    validation: Annotated[float, _course("Part of the training samples that selects the epoch.", high=0.9, above=0)] = (
        0.1
    )
    folds: Annotated[
        int, _aside("Measure the accuracy by cross-validation in so many parts first; 0 for not.", low=0)
    ] = 0

    augment: Annotated[str, _images("Change training images, anew in every epoch.", AUGMENTATIONS)] = "none"
    augment_until: Annotated[
        float, _images("Part of the epochs that is augmented; the rest see the images as they are.", low=0, high=1)
    ] = 1.0
    rotate: Annotated[float, _images("Largest rotation, in degrees.", low=0, high=180)] = 10.0
    shear: Annotated[float, _images("Largest shear, in degrees.", low=0, high=60)] = 10.0
    scale: Annotated[float, _images("Largest relative change of size.", low=0, high=0.9)] = 0.1
    shift: Annotated[float, _images("Largest move, in pixels; whole for --augment shift.", low=0, high=1e4)] = 1.0
    elastic_alpha: Annotated[float, _images("Strength of the elastic bending, as torchvision's.", low=0, high=1e4)] = (
        64.0
    )
    elastic_sigma: Annotated[float, _images("Its smoothness, in pixels.", high=100, above=0)] = 6.0
    interpolation: Annotated[
        str, _images("Of moved and bent images: bilinear blurs them, bicubic keeps edges.", INTERPOLATIONS)
    ] = "bilinear"
    brightness: Annotated[
        float, _images("Largest relative change of brightness, with any --augment.", low=0, high=1)
    ] = 0.0
    pad: Annotated[int, _images("Largest move of crop-flip, in pixels.", low=0, high=1e4)] = 4

    def __post_init__(self) -> None:
        check_settings(self)
        self._settle_nodes()
        if self.augment == "shift" and self.shift != round(self.shift):
            raise OptionError(f"shift is {self.shift}", hint="--augment shift moves by whole pixels")
        if self.arity > 2 and self.parametrisation == "gates":
            raise OptionError(f"arity is {self.arity}", hint="Add --parametrisation tables: the 16 gates have 2 inputs")
        if self.table_init == "residual" and self.parametrisation == "gates":
            raise OptionError("table-init is residual, but gates are learned", hint="Add --parametrisation tables")
        if self.net:
            self._check_net()
        wiring = self.wiring if self.net else self.wiring[: max(1, self.layers)]
        if self.redraw and wiring and not any(kind.startswith("topk") for kind in wiring):
            raise OptionError(
                f"redraw is {self.redraw}, but no layer chooses among candidates", hint="Add --wiring topk:K"
            )
        _check_thresholds(self.thresholds)

    def _settle_nodes(self) -> None:
        """What is learned, by the part alone; what else suits it depends on the data."""
        part = find_part(self.for_part) if self.for_part is not None else None
        found: dict[str, Any] = {"for_part": part.name if part else None}
        suits = part is not None or bool(self.net)
        tables = self.parametrisation == "tables" or (self.parametrisation == "auto" and suits)
        found["parametrisation"] = "tables" if tables else "gates"
        if not self.arity:
            suited = part.lut_size if part is not None else None
            found["arity"] = (suited or _ASIC_ARITY) if suits and tables else _GATE_ARITY
        elif self.arity < _GATE_ARITY:
            raise OptionError(f"arity is {self.arity}", hint="Give 2 to 6, or 0 for what suits")
        for name, value in found.items():
            object.__setattr__(self, name, value)

    def _check_net(self) -> None:
        parse_net(self.net)
        if self.gates or self.layers:
            raise OptionError(
                f"net is '{self.net}', but {'gates' if self.gates else 'layers'} are given, too",
                hint="Name all layers in --net; d2000 are 2,000 tables",
            )
        if self.parametrisation == "gates":
            raise OptionError("net names layers of tables, but gates are to be learned", hint="Leave out "
                              "--parametrisation gates; --arity 2 makes tables of two inputs")  # fmt: skip

    @property
    def loading(self) -> Loading:
        """How the data set is made of its file. Thresholds that people name are in the data's units, not in codes."""
        table = TableOptions(
            self.label, self.header, self.missing, self.drop, self.group, self.category, self.na, self.delimiter
        )
        bits = 0 if self.feature_bits is None and not isinstance(self.thresholds, str) else self.feature_bits
        return Loading(table, self.test, self.split_seed, bits)

    def learning_rate(self, progress: float) -> float:
        """After that part, 0 to 1, of all steps."""
        return self.lr if self.schedule == "constant" else self.lr * 0.5 * (1 + math.cos(math.pi * progress))

    @property
    def redraws(self) -> frozenset[int]:
        """The epochs that begin with other candidates for top-k wires."""
        parts = [0.75 * time / (self.redraw + 1) for time in range(1, self.redraw + 1)]
        return frozenset(1 + round(self.epochs * part) for part in parts) & frozenset(range(2, self.epochs + 1))

    def hyperparameters(self) -> dict[str, Any]:
        """What decides the result, as JSON; no paths."""
        values = {name: getattr(self, name) for name, one in SETTINGS.items() if one.setting.decides}
        lists = {name: list(value) for name, value in values.items() if isinstance(value, tuple)}
        thresholds = self.thresholds if isinstance(self.thresholds, str) else sorted(self.thresholds)
        return values | lists | {"thresholds": thresholds, "optimizer": "adam"}


def _check_thresholds(given: tuple[float, ...] | str) -> None:
    if isinstance(given, str):
        if given != "auto" and not THRESHOLDS.fullmatch(given):
            raise OptionError(f"thresholds are '{given}'", hint=THRESHOLDS_HINT)
    elif not (given and all(map(math.isfinite, given))):
        raise OptionError(f"the thresholds are {given}", hint="Give at least one, all finite")


SETTINGS = described(TrainConfig)
"""Of each setting its type, default, and what is said about it."""


def read_preset(name: str) -> dict[str, Any]:
    """The settings of a recipe that comes with lgc, ``dataset`` among them.

    Raises:
        OptionError: there is no such preset.
    """
    if name not in PRESETS:
        raise OptionError(f"there is no preset '{name}'", hint=f"Give {', '.join(PRESETS)}")
    return parse_settings((files("lgc.train") / "presets" / f"{name}.toml").read_text(encoding="utf-8"), name)


def without_choices_of_part(preset: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe without what ``for_part`` decides. Of gates, a quarter as many tables, and the rest as suits these.

    Thresholds stay: they are what its data need.
    """
    kept = {name: value for name, value in preset.items() if name not in ("arity", "parametrisation")}
    if preset.get("parametrisation") == "tables" or "gates" not in preset:
        return kept
    kept["gates"] = preset["gates"] // GATES_A_TABLE
    return {name: value for name, value in kept.items() if name not in ("wiring", "redraw", "lr", "tau")}


def read_config(path: Path) -> dict[str, Any]:
    """The settings in a TOML file.

    Raises:
        InputError: it cannot be read, or has an unknown or ill-typed setting.
    """
    try:
        text = plain_text(read_within(path, TOML_BYTES)).decode("utf-8")
    except InputError as error:
        raise error.at(str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"this is no readable configuration ({error})", where=str(path)) from None
    return parse_settings(text, str(path))


def parse_settings(text: str, where: str) -> dict[str, Any]:
    """Settings by field name from TOML; names may have dashes for underscores.

    Raises:
        InputError: no TOML, an unknown setting, or one of another type.
    """
    try:
        table = parse_toml(text)
    except ValueError as error:
        raise InputError(f"this is no TOML ({error})", where=where) from None
    settings: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in SETTINGS:
            raise InputError(f"there is no setting '{key}'", where=where, hint="`lgc train --help` lists them")
        settings[name] = _typed(key, value, SETTINGS[name].hint, where)
    return settings


def _typed(key: str, value: Any, hint: Any, where: str) -> Any:
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    for kind in options:
        if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if kind is Path and isinstance(value, str):
            return Path(value)
        if kind in (str, int) and type(value) is kind:
            return value
        if typing.get_origin(kind) is tuple and isinstance(value, list):
            element = typing.get_args(kind)[0]
            return tuple(_typed(key, one, element, where) for one in value)
    raise InputError(f"{key} is {value!r}", where=where, hint="`lgc train --help` has the settings and their types")


def _path(name: str, value: Any) -> Any:
    """Text is a path where one is wanted."""
    return Path(value) if isinstance(value, str) and name in SETTINGS and SETTINGS[name].kind is Path else value


def merged(*layers: Mapping[str, Any]) -> TrainConfig:
    """The configuration of several sets of settings, of which later ones win.

    ``net`` stands for ``gates`` and ``layers``, and they for it: the later ones replace the earlier, as of one name.

    Raises:
        OptionError: no data set is named, or a setting is out of its range.
    """
    settings: dict[str, Any] = {}
    for layer in layers:
        dense = layer.get("gates") or layer.get("layers")
        replaced = ("gates", "layers") if layer.get("net") else ("net",) if dense else ()
        settings = {name: value for name, value in settings.items() if name not in replaced}
        settings |= {name: _path(name, value) for name, value in layer.items()}
    if "dataset" not in settings:
        raise OptionError("no data set is named", hint="Name one, or give a --preset or a --config that does")
    return TrainConfig(**settings)
