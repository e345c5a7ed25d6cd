"""The order of a torchlogix network's layers: of the pickled module, the sidecar, a known architecture, or the keys.

A *plan* is a list of steps, each a dictionary with a ``type`` and what that type needs.
"""

from __future__ import annotations

from typing import Any

from lgc.errors import CheckpointError, OptionError
from lgc.frontend.chain import check_chain
from lgc.frontend.facts import MissingFactError
from lgc.frontend.importer import ImportJob

Step = dict[str, Any]

TYPES = ("binarization", "conv", "orpool", "flatten", "dense", "groupsum", "residual")
_POOL_PADDING = {"ClgnCifar10": (0, 0, 0, 0), "ClgnMnist": (0, 1, 1), "CNN": (0, 1, 1)}
_CONV_FIELDS = ("in_dim", "receptive_field_size", "stride", "padding", "lut_rank")


def make_plan(job: ImportJob) -> list[Step]:
    """The steps of the network in a file.

    Raises:
        MissingFactError: a convolutional network, and nobody says how its layers are joined.
    """
    if job.content.modules:
        return _of_modules(job, "")
    described = job.facts.get("layers")
    if described is not None:
        return _checked(described)
    convs = job.content.prefixes("tree_weights.0")
    if not convs:
        return _of_keys(job)
    architecture = job.facts.get("architecture")
    if isinstance(architecture, str):
        return _of_architecture(job, architecture, convs)
    raise MissingFactError("layers", "a convolutional network's padding, pooling and order are not in the file")


def _of_keys(job: ImportJob) -> list[Step]:
    """A purely dense network: its keys are in order."""
    steps: list[Step] = []
    thresholds = job.content.prefixes("thresholds") or job.content.prefixes("raw_diffs")
    if len(thresholds) > 1:
        raise MissingFactError("layers", "the file has several binarisations")
    if thresholds:
        steps.append({"type": "binarization", "prefix": thresholds[0]})
    steps.append({"type": "flatten"})
    dense = check_chain(job.content, job.content.prefixes("weight"), "weight")
    steps += [{"type": "dense", "prefix": prefix} for prefix in dense]
    return [*steps, {"type": "groupsum"}]


def _of_architecture(job: ImportJob, architecture: str, convs: list[str]) -> list[Step]:
    """The convolutional models that torchlogix ships: convolution and pooling in turn, then dense layers."""
    check_chain(job.content, convs, "tree_weights.0", gaps=True)
    family = next((name for name in _POOL_PADDING if architecture.startswith(name)), None)
    if family is None or len(_POOL_PADDING[family]) != len(convs):
        raise OptionError(
            f"architecture '{architecture[:40]}' is not one that lgc knows",
            hint="Describe the network by 'layers' in the file given by --config",
        )
    cifar = family == "ClgnCifar10"
    steps: list[Step] = [{"type": "binarization", "prefix": p, "feature_dim": 1} for p in _binarizations(job)]
    for index, (prefix, padding) in enumerate(zip(convs, _POOL_PADDING[family], strict=True)):
        size = 5 if not cifar and index == 0 else 3
        steps.append(
            {"type": "conv", "prefix": prefix, "padding": int(cifar), "stride": 1, "receptive_field_size": size}
        )
        steps.append({"type": "orpool", "kernel_size": 2, "stride": 2, "padding": padding})
    steps.append({"type": "flatten"})
    dense = check_chain(job.content, job.content.prefixes("weight"), "weight")
    steps += [{"type": "dense", "prefix": prefix} for prefix in dense]
    job.facts = job.facts.with_defaults({"input_shape": [3, 32, 32] if cifar else [1, 28, 28], "classes": 10})
    job.certain.append(f"layers as torchlogix's {family} joins them")
    return [*steps, {"type": "groupsum"}]


def _binarizations(job: ImportJob) -> list[str]:
    return job.content.prefixes("thresholds") or job.content.prefixes("raw_diffs")


def _checked(described: object) -> list[Step]:
    """The sidecar's list of layers."""
    if not isinstance(described, list) or not all(isinstance(step, dict) for step in described):
        raise OptionError("'layers' in the sidecar is no list of tables")
    steps: list[Step] = []
    for step in described:
        if step.get("type") not in TYPES:
            raise OptionError(f"'{str(step.get('type'))[:40]}' is no type of layer", hint=f"Types: {', '.join(TYPES)}")
        step = dict(step)
        if "prefix" in step:
            step["prefix"] = f"{str(step['prefix']).removesuffix('.')}."
        for part in ("main", "shortcut"):
            if step["type"] == "residual":
                step[part] = _checked(step.get(part, []))
        steps.append(step)
    return steps


def _of_modules(job: ImportJob, path: str) -> list[Step]:
    """The steps of a pickled module, from its class names and attributes."""
    module = job.content.modules[path]
    kind, attributes = module.kind, module.attributes
    prefix = f"{path}." if path else ""
    match kind:
        case "Identity" | "Dropout":
            return []
        case "DummyBinarization":
            return []
        case "FixedBinarization" | "SoftBinarization" | "LearnableBinarization":
            return [{"type": "binarization", "prefix": prefix, "feature_dim": attributes.get("feature_dim", -2)}]
        case "Flatten":
            return [{"type": "flatten"}]
        case "LogicDense":
            return [{"type": "dense", "prefix": prefix}]
        case "LogicConv2d" | "LogicConv3d":
            fields = {name: attributes[name] for name in _CONV_FIELDS if name in attributes}
            return [{"type": "conv", "prefix": prefix, **fields}]
        case "OrPooling2d" | "OrPooling3d":
            fields = {name: attributes.get(name) for name in ("kernel_size", "stride", "padding")}
            return [{"type": "orpool", **fields}]
        case "GroupSum":
            fields = {name: attributes.get(name) for name in ("k", "tau", "beta")}
            return [{"type": "groupsum", **fields}]
        case "ResidualLogicBlock":
            main, shortcut = (_of_modules(job, f"{prefix}{part}") for part in ("main", "shortcut"))
            return [{"type": "residual", "main": main, "shortcut": shortcut}]
    return _of_children(job, path, kind)


def _of_children(job: ImportJob, path: str, kind: str) -> list[Step]:
    """A container runs its children in order; a model class that only holds a `model` counts as one."""
    prefix = f"{path}." if path else ""
    children = [name for name in job.content.modules if name and name.startswith(prefix) and name != path]
    direct = [name for name in children if "." not in name.removeprefix(prefix)]
    known_container = kind == "Sequential" or kind.startswith(("Clgn", "Dlgn")) or len(direct) == 1
    if not direct or not known_container:
        raise CheckpointError(
            f"the module {path or 'of the file'} is a '{kind[:60]}', whose forward pass lgc does not know",
            hint="Save the state_dict, and describe the network by 'layers' in the file given by --config",
        )
    return [step for child in direct for step in _of_modules(job, child)]
