"""Writers of the peers' checkpoints and their meaning, straight from the specification of the formats.

Nothing here uses lgc: a writer draws a network, saves it as the peer does, and says in plain numpy which scores it has.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

Scores = Callable[[np.ndarray], np.ndarray]


@dataclass
class PeerFile:
    """A file, the options it needs, and the scores (B, C) of features (B, F)."""

    path: Path
    scores: Scores
    features: int
    options: dict[str, Any] = field(default_factory=dict)
    real: bool = False  # whether features are real numbers rather than bits


def gate(ids, a, b):
    """The output for (a, b) is bit 3-(2a+b) of the id."""
    return (ids >> (3 - (2 * a + b))) & 1


def group_sum(bits, classes):
    return bits.reshape(len(bits), classes, -1).sum(-1)


def rng(seed):
    return np.random.default_rng(seed)


def one_hot_logits(random, choice, size, axis):
    """Random logits whose maximum along ``axis`` is ``choice``."""
    logits = random.standard_normal((*choice.shape, size)).astype(np.float32)
    np.put_along_axis(logits, choice[..., None], 9.0, axis=-1)
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(logits, -1, axis)))


def gates_only(layers, classes):
    """Scores of a stack of two-input layers, each (ids, A, B)."""

    def scores(x):
        bits = x.astype(np.int64)
        for ids, a, b in layers:
            bits = gate(ids, bits[:, a], bits[:, b])
        return group_sum(bits, classes)

    return scores


def draw_stack(random, features, widths):
    layers = []
    for width in widths:
        layers.append((random.integers(0, 16, width), *random.integers(0, features, (2, width))))
        features = width
    return layers


# --- LILogicNet ----------------------------------------------------------------------------------------------------


def lilogic(path, wiring="dense", pass_input=False, pass_residual=False, seed=0, compiled=False):
    random, features, widths, classes = rng(seed), 12, [20, 16, 12], 4
    state, plan = {}, []
    reads, previous = features, features
    for index, width in enumerate(widths):
        ids = random.integers(0, 16, width)
        state[f"layers.{2 * index + 1}.w"] = one_hot_logits(random, ids, 16, 0)
        wires, tensors = _lilogic_wiring(random, reads, 2 * width, wiring)
        state |= {f"layers.{2 * index}.{name}": value for name, value in tensors.items()}
        plan.append((ids, wires[0::2], wires[1::2]))
        reads = width + pass_input * features
        if pass_residual and (index > 0 or not pass_input):
            reads += previous
        previous = width

    def scores(x):
        network_input = x.astype(np.int64)
        before, values = network_input, network_input
        for index, (ids, a, b) in enumerate(plan):
            gates = gate(ids, values[:, a], values[:, b])
            parts = [gates] + [network_input] * pass_input
            if pass_residual and (index > 0 or not pass_input):
                parts.append(before)
            before, values = gates, np.concatenate(parts, axis=1)
        return group_sum(gates, classes)

    if compiled:
        state = {f"_orig_mod.{name}": value for name, value in state.items()}
    torch.save(state, path)
    options = {"classes": classes}
    if wiring not in ("dense", "block", "binarised"):
        options |= {"features": features, "pass_input": pass_input, "pass_residual": pass_residual}
    return PeerFile(path, scores, features, options)


def _lilogic_wiring(random, reads, columns, kind):
    wires = random.integers(0, reads, columns)
    if kind == "dense":
        return wires, {"c": one_hot_logits(random, wires, reads, 0)}
    if kind == "top":
        candidates = random.integers(0, reads, (3, columns))
        best = random.integers(0, 3, columns)
        tensors = {"top_c": one_hot_logits(random, best, 3, 0), "top_indices": torch.from_numpy(candidates)}
        return candidates[best, np.arange(columns)], tensors
    if kind == "indices":
        return wires, {"indices": torch.from_numpy(wires)}
    if kind == "binarised":
        one_hot = np.zeros((reads, columns), np.float32)
        one_hot[wires, np.arange(columns)] = 1
        return wires, {"indices": torch.from_numpy(wires), "c": torch.from_numpy(one_hot)}
    # Block-sparse: x (n, i) -> first (n, i, m) -> second (m, n, o) -> output (m, o).
    blocks = 4
    size, middle = reads // blocks, columns // blocks
    out = columns // middle
    element = random.integers(0, size, (blocks, middle))
    block = random.integers(0, blocks, (middle, out))
    first = one_hot_logits(random, element, size, 1)
    second = one_hot_logits(random, block, blocks, 1)
    wires = np.array([[block[m, o] * size + element[block[m, o], m] for o in range(out)] for m in range(middle)])
    return wires.reshape(-1), {"c_sub_layer_1": first, "c_sub_layer_2": second}


def lilogic_early(path, seed=0, inner=False):
    """`.w` per gate layer, no interleaving, and either `connections` or `.c` of shape (in, N, 2)."""
    random, features, widths, classes = rng(seed), 10, [20, 12], 3
    layers = draw_stack(random, features, widths)
    state: dict[str, Any] = {}
    reads = features
    for index, (ids, a, b) in enumerate(layers):
        state[f"layers.{index}.w"] = one_hot_logits(random, ids, 16, 0)
        if inner:
            state[f"layers.{index}.c"] = one_hot_logits(random, np.stack([a, b], axis=1), reads, 0)
        reads = len(ids)
    if not inner:
        state["connections"] = [[a.tolist() for _, a, _ in layers], [b.tolist() for _, _, b in layers]]
    scores = gates_only(layers, classes)
    samples = random.integers(0, 2, (30, features))
    bits = samples
    for ids, a, b in layers:
        bits = gate(ids, bits[:, a], bits[:, b])
    state["dataset_input"] = torch.from_numpy(samples.astype(np.float32))
    state["dataset_output"] = torch.from_numpy(bits.astype(np.float32))
    torch.save(state, path)
    return PeerFile(path, scores, features, {"classes": classes})


def lilogic_npz(path, widths=(30, 20), seed=0, trailing_constant=False):
    random, features, classes = rng(seed), 9, 5
    layers = draw_stack(random, features, list(widths))
    for ids, a, b in layers:
        ids[-1], a[-1], b[-1] = 6, 1, 0
    if trailing_constant:
        layers[-1][0][-2:], layers[-1][1][-2:], layers[-1][2][-2:] = 0, 0, 0
    widest = max(widths)
    arrays = [np.zeros((len(widths), widest), np.int32) for _ in range(3)]
    for index, layer in enumerate(layers):
        for array, values in zip(arrays, layer, strict=True):
            array[index, : len(values)] = values
    np.savez_compressed(path, **{"gate_types": arrays[0], "connections.A": arrays[1], "connections.B": arrays[2]})
    options = {"features": features, "classes": classes, "widths": list(widths)}
    return PeerFile(path, gates_only(layers, classes), features, options)


# --- difflogic and its forks ---------------------------------------------------------------------------------------


def replayed_wiring(seed, preamble, built_on, connections, features, widths):
    """formats.md section 3, word for word."""
    torch.manual_seed(seed)
    if preamble:
        torch.randperm(preamble)
    wiring = []
    for out in widths:
        if built_on == "cpu":
            torch.randn(out, 16)
        if connections == "random":
            c = torch.randperm(2 * out) % features
            c = torch.randperm(features)[c].reshape(2, out)
            wiring.append((c[0].numpy(), c[1].numpy()))
        else:
            pairs = [(i, i + 1) for i in range(0, features - 1, 2)]
            if len(pairs) < out:
                pairs += [(i, i + 1) for i in range(1, features - 1, 2)]
            offset = 2
            while out > len(pairs) > offset:
                pairs += [(i, i + offset) for i in range(features - offset)]
                offset += 1
            pairs = torch.tensor(pairs[:out])[torch.randperm(out)].numpy()
            wiring.append((pairs[:, 0], pairs[:, 1]))
        features = out
    return wiring


def difflogic(path, built_on="cuda", connections="unique", seed=3, preamble=600, first=1):
    random, features, widths, classes = rng(seed), 21, [40, 36, 30], 3
    wiring = replayed_wiring(seed, preamble, built_on, connections, features, widths)
    layers = [(random.integers(0, 16, len(a)), a, b) for a, b in wiring]
    torch.save({f"{i + first}.weights": one_hot_logits(random, la[0], 16, -1) for i, la in enumerate(layers)}, path)
    scores = gates_only(layers, classes)
    x = random.integers(0, 2, (500, features))
    check = path.with_name("check.npz")
    np.savez(check, X=x, y=scores(x).argmax(1))
    options = {"classes": classes, "features": features, "seed": seed, "preamble": preamble, "check": str(check)}
    return PeerFile(path, scores, features, options)


class LogicLayer(torch.nn.Module):
    """A module like difflogic's: the wiring is a plain attribute."""

    def __init__(self, weights, a, b, in_dim):
        super().__init__()
        self.weights = torch.nn.Parameter(weights)
        self.indices = (torch.from_numpy(a), torch.from_numpy(b))
        self.in_dim, self.out_dim = in_dim, len(a)


class GroupSum(torch.nn.Module):
    """A module like every peer's head."""

    def __init__(self, k, tau, **fields):
        super().__init__()
        self.k, self.tau = k, tau
        for name, value in fields.items():
            setattr(self, name, value)


def difflogic_module(path, seed=5):
    random, features, widths, classes = rng(seed), 14, [30, 24], 4
    layers = draw_stack(random, features, widths)
    modules: list[torch.nn.Module] = [torch.nn.Flatten()]
    reads = features
    for ids, a, b in layers:
        modules.append(LogicLayer(one_hot_logits(random, ids, 16, -1), a, b, reads))
        reads = len(ids)
    torch.save(torch.nn.Sequential(*modules, GroupSum(classes, 7.5)), path)
    return PeerFile(path, gates_only(layers, classes), features)


def salon64(path, seed=6):
    random, features, classes = rng(seed), 11, 3
    layers = draw_stack(random, features, [18, 15])
    state = {}
    for index, (ids, a, b) in enumerate(layers):
        state[f"net.{index}.weights"] = one_hot_logits(random, ids, 16, -1)
        state[f"net.{index}.conn_a"], state[f"net.{index}.conn_b"] = torch.from_numpy(a), torch.from_numpy(b)
    torch.save(state, path)
    return PeerFile(path, gates_only(layers, classes), features, {"classes": classes, "features": features})


def visualizer(path, seed=7):
    random, features, classes = rng(seed), 11, 3
    layers = draw_stack(random, features, [18, 15])
    weights = {f"logic_layers.{i}.weights": one_hot_logits(random, la[0], 16, -1) for i, la in enumerate(layers)}
    pairs = [(torch.from_numpy(a), torch.from_numpy(b)) for _, a, b in layers]
    torch.save({"model_state_dict": weights, "connections": pairs, "model_config": {"hidden": [18, 15]}}, path)
    return PeerFile(path, gates_only(layers, classes), features, {"classes": classes, "features": features})


def compactlogic(path, seed=8):
    random, features, classes, candidates = rng(seed), 13, 3, 4
    state, layers, reads = {}, [], features
    for index, width in enumerate([20, 15]):
        indices = random.integers(0, reads, (2, width, candidates))
        sequence = random.integers(0, 16, (width, candidates))
        winner = random.integers(0, candidates, width)
        rows = np.arange(width)
        layers.append((sequence[rows, winner], indices[0, rows, winner], indices[1, rows, winner]))
        state[f"{index}.weights"] = one_hot_logits(random, winner, candidates, -1)
        state[f"{index}.indices"] = torch.from_numpy(indices)
        state[f"{index}.gate_sequence"] = torch.from_numpy(sequence)
        reads = width
    torch.save({"model_state": state, "step": 1200}, path)
    path.with_name("meta_data.json").write_text('{"args": {"tau": 3.5, "dataset": "unknown", "classes": 3}}')
    return PeerFile(path, gates_only(layers, classes), features, {"features": features})


def compactlogic_conv(path, seed=9):
    """One convolution (2, K, G) with offsets, stride 2 and constant 0 outside, then a dense layer."""
    random, classes, candidates, kernels = rng(seed), 2, 3, 4
    channels, height, width, stride, out = 2, 6, 5, 2, (3, 3)
    offsets = {
        "ch": random.integers(0, channels, (2, kernels, candidates)),
        "h": random.integers(-1, 3, (2, kernels, candidates)),
        "w": random.integers(-1, 3, (2, kernels, candidates)),
    }
    sequence, winner = random.integers(0, 16, (kernels, candidates)), random.integers(0, candidates, kernels)
    state = {f"0.offsets_{axis}": torch.from_numpy(values) for axis, values in offsets.items()}
    state["0.weights"] = one_hot_logits(random, winner, candidates, -1)
    state["0.gate_sequence"] = torch.from_numpy(sequence)
    count = kernels * out[0] * out[1]
    dense = draw_stack(random, count, [10])[0]
    state["2.weights"] = one_hot_logits(random, np.zeros(10, np.int64), 1, -1)
    state["2.indices"] = torch.from_numpy(np.stack(dense[1:])[:, :, None])
    state["2.gate_sequence"] = torch.from_numpy(dense[0][:, None])
    torch.save({"model_state": state, "step": 1}, path)

    def scores(x):
        image = x.reshape(len(x), channels, height, width).astype(np.int64)
        values = np.zeros((len(x), kernels, *out), np.int64)
        for k in range(kernels):
            g = winner[k]
            for oh in range(out[0]):
                for ow in range(out[1]):
                    pair = []
                    for side in (0, 1):
                        h, w = oh * stride + offsets["h"][side, k, g], ow * stride + offsets["w"][side, k, g]
                        inside = 0 <= h < height and 0 <= w < width
                        pair.append(image[:, offsets["ch"][side, k, g], h, w] if inside else np.zeros(len(x), np.int64))
                    values[:, k, oh, ow] = gate(sequence[k, g], *pair)
        flat = values.reshape(len(x), -1)
        return group_sum(gate(dense[0], flat[:, dense[1]], flat[:, dense[2]]), classes)

    options = {"classes": classes, "input_shape": [channels, height, width],
               "config": {"layers": [{"stride": stride, "out_shape": [kernels, *out]}]}}  # fmt: skip
    return PeerFile(path, scores, channels * height * width, options)


_SPM = {
    "conv_spm": [(3, 1, 2), (3, 1, 1), (3, 1, 2), (3, 1, 1)],
    "conv_chm": [(3, 1, 2), (1, 0, 1), (3, 1, 2), (1, 0, 1)],
}
"""Field, padding and stride of each convolution."""


def compactlogic_spm(path, struct="conv_spm", side=9, seed=14):
    """Four convolutions as the experiments' networks have them, frozen but for the last; what the sidecar says."""
    random, classes, channels, extent = rng(seed), 2, 1, side
    state, convs = {}, []
    for index, (size, padding, stride) in enumerate(_SPM[struct]):
        kernels = 4 if index < 2 else 8
        drawn = _spm_conv(random, state, index, (channels, size, padding), kernels)
        convs.append((*drawn, size, padding, stride))
        extent, channels = (extent + 2 * padding - size) // stride + 1, kernels
    dense = draw_stack(random, channels * extent * extent, [20])[0]
    state["5.weights"] = one_hot_logits(random, np.zeros(20, np.int64), 1, -1)
    state["5.indices"] = torch.from_numpy(np.stack(dense[1:])[:, :, None])
    state["5.gate_sequence"] = torch.from_numpy(dense[0][:, None].astype(np.uint8))
    state |= {f"5.given_x_indices_of_{name}": torch.zeros(3, dtype=torch.int64) for name in ("y", "y_start", "gate")}
    torch.save({"model_state": state, "step": 1}, path)
    sidecar = {"args": {"struct": struct, "tau": 2.0, "dataset": "unknown"}}
    path.with_name("meta_data.json").write_text(json.dumps(sidecar))

    def scores(x):
        image = x.reshape(len(x), 1, side, side).astype(np.int64)
        for conv in convs:
            image = _spm_run(image, *conv)
        flat = image.reshape(len(x), -1)
        return group_sum(gate(dense[0], flat[:, dense[1]], flat[:, dense[2]]), classes)

    return PeerFile(path, scores, side * side, {"classes": classes, "input_shape": [1, side, side]})


def _spm_conv(random, state, index, geometry, kernels):
    """Adds a convolution to the state; returns the gates chosen and what each reads, (channel, dy, dx)."""
    channels, size, padding = geometry
    shape = (2, kernels, 3)
    offsets = [random.integers(0, channels, shape), *(random.integers(0, size, shape) - padding for _ in "hw")]
    sequence, winner = random.integers(0, 16, shape[1:]), random.integers(0, 3, kernels)
    for axis, values in zip(("ch", "h", "w"), offsets, strict=True):
        state[f"{index}.offsets_{axis}"] = torch.from_numpy(values.astype(np.int8 if axis != "ch" else np.int32))
    state[f"{index}.weights"] = one_hot_logits(random, winner, 3, -1)
    state[f"{index}.gate_sequence"] = torch.from_numpy(sequence.astype(np.uint8))
    if index < 3:
        state[f"{index}.w"] = torch.from_numpy(winner.astype(np.uint8))
    rows = np.arange(kernels)
    return sequence[rows, winner], [values[:, rows, winner] for values in offsets]


def _spm_run(image, ids, offsets, size, padding, stride):
    """A convolution of an image (B, C, H, W)."""
    channel, dy, dx = offsets
    out = (image.shape[2] + 2 * padding - size) // stride + 1
    padded = np.pad(image, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    values = np.zeros((len(image), len(ids), out, out), np.int64)
    for y, x in np.ndindex(out, out):
        rows, columns = y * stride + padding + dy, x * stride + padding + dx
        values[:, :, y, x] = gate(ids, *(padded[:, channel[s], rows[s], columns[s]] for s in (0, 1)))
    return values


# --- torch-dwn -----------------------------------------------------------------------------------------------------
