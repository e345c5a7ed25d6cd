"""Writers of torchlogix's checkpoints and their meaning, as in peer_files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from peer_files import PeerFile, group_sum, one_hot_logits, rng


def draw_tables(random, kind, count, rank):
    """Weights (count, 16 or 2^rank) and tables (count, 2^rank), index j with input 0 as the most significant bit."""
    size = 1 << rank
    if kind == "raw":
        ids = random.integers(0, 16, count)
        table = (ids[:, None] >> (3 - np.arange(4))) & 1
        return one_hot_logits(random, ids, 16, -1).numpy(), table
    weights = random.standard_normal((count, size)).astype(np.float32)
    if kind == "light":
        return weights, (weights > 0).astype(np.int64)
    table = np.zeros((count, size), np.int64)
    for j in range(size):
        signs = np.array([(-1.0) ** bin(i & j).count("1") for i in range(size)])
        table[:, j] = (weights.astype(np.float64) * signs).sum(1) < 0
    return weights, table


def look_up(table, operands):
    """operands (B, ..., r), input 0 first, into tables (..., 2^r)."""
    rank = operands.shape[-1]
    address = sum(operands[..., i] << (rank - 1 - i) for i in range(rank))
    return np.take_along_axis(np.broadcast_to(table, (*address.shape, table.shape[-1])), address[..., None], -1)[..., 0]


def dense(path, kind="raw", rank=2, learned=None, binarization=None, seed=20):
    """Dlgn: an optional binarisation, then dense layers. ``learned``: None, 'all' or 'some' candidates."""
    random, features, classes, bits_each = rng(seed), 6, 3, 2
    state: dict[str, Any] = {}
    options: dict[str, Any] = {"classes": classes}
    reads, thresholds = features, None
    if binarization:
        thresholds = _draw_binarization(random, binarization, features, bits_each, state, options)
        reads = features * bits_each
    elif learned != "all":
        options["features"] = features
    layers = []
    for index, width in enumerate([18, 15]):
        weights, table = draw_tables(random, kind, width, rank)
        wires = random.integers(0, reads, (rank, width))
        prefix = f"{index + 2}."
        state[f"{prefix}weight"] = torch.from_numpy(weights)
        state[f"{prefix}connections.indices"] = torch.from_numpy(wires)
        if learned and index == 0:
            wires = _learn_wires(random, wires, reads, learned, state, f"{prefix}connections.")
        layers.append((wires, table))
        reads = width
    if kind != "raw":
        options["parametrization"] = kind

    def scores(x):
        values = (
            x.astype(np.int64) if thresholds is None else (x[:, :, None] > thresholds).reshape(len(x), -1).astype(int)
        )
        for wires, table in layers:
            values = look_up(table, np.moveaxis(values[:, wires], 1, -1))
        return group_sum(values, classes)

    torch.save(state, path)
    return PeerFile(path, scores, features, options, real=thresholds is not None)


def _learn_wires(random, wires, reads, learned, state, prefix):
    """Makes the wires (r, N) of a layer a choice among candidates; returns those chosen."""
    if learned == "all":
        best, indices = wires, np.broadcast_to(np.arange(reads)[:, None, None], (reads, *wires.shape)).copy()
    else:
        best, indices = random.integers(0, 3, wires.shape), random.integers(0, reads, (3, *wires.shape))
    state[f"{prefix}weights"] = one_hot_logits(random, best, len(indices), 0)
    state[f"{prefix}indices"] = torch.from_numpy(indices)
    return np.take_along_axis(indices, best[None], 0)[0]


def _draw_binarization(random, kind, features, bits_each, state, options):
    """Adds a binarisation to the state; returns its thresholds (F, T)."""
    thresholds = np.sort(random.standard_normal((features, bits_each)).astype(np.float32), axis=1)
    if kind == "global":
        thresholds = np.tile(thresholds[:1], (features, 1))
        state["0.thresholds"] = torch.from_numpy(thresholds[0])
        options["features"] = features
    elif kind == "learned":
        raw = random.standard_normal((features, bits_each)).astype(np.float32)
        state["0.thresholds"] = torch.zeros(features, bits_each)
        state["0.raw_diffs"] = torch.from_numpy(raw)
        scale = 0.1 + 1e-6
        steps = scale * torch.nn.functional.softplus(torch.from_numpy(raw[:, 1:]) / scale)
        thresholds = torch.cumsum(torch.cat([torch.from_numpy(raw[:, :1]), steps], 1), 1).numpy()
        options |= {"torchlogix_version": "0.2.2", "config": {"temperature_softplus": 0.1}}
    else:
        state["0.thresholds"] = torch.from_numpy(thresholds)
    return thresholds


def conv(path, kind="raw", rank=2, depth=2, residual=False, seed=21):
    """Binarisation per channel, convolution trees, OR-pooling, an optional residual block, dense, GroupSum."""
    random, classes, bits_each = rng(seed), 2, 2
    channels, side, kernels = 2, 6, 3
    thresholds = np.sort(random.standard_normal((channels, bits_each)).astype(np.float32), axis=1)
    state: dict[str, Any] = {"0.thresholds": torch.from_numpy(thresholds)}
    steps: list[dict[str, Any]] = [{"type": "binarization", "prefix": "0", "feature_dim": 1}]
    trees = Trees(random, kind, rank, depth, kernels)
    first = trees.draw(state, "1", channels * bits_each, side)
    steps += [
        {"type": "conv", "prefix": "1", "padding": 1, "stride": 1, "receptive_field_size": 3},
        {"type": "orpool", "kernel_size": 2, "stride": 2, "padding": 1},
    ]
    pooled = side // 2 + 1
    block = None
    if residual:
        block = trees.draw(state, "3.main.0", kernels, pooled)
        inner = {"type": "conv", "prefix": "3.main.0", "padding": 1, "stride": 1, "receptive_field_size": 3}
        steps.append({"type": "residual", "main": [inner], "shortcut": []})
    weights, table = draw_tables(random, kind, 10, rank)
    wires = random.integers(0, kernels * pooled * pooled, (rank, 10))
    state["5.weight"], state["5.connections.indices"] = torch.from_numpy(weights), torch.from_numpy(wires)
    steps += [{"type": "flatten"}, {"type": "dense", "prefix": "5"}, {"type": "groupsum"}]
    sidecar = {"layers": steps, "input_shape": [channels, side, side], "classes": classes}
    if kind != "raw":
        sidecar["parametrization"] = kind

    def scores(x):
        image = x.reshape(len(x), channels, side, side)
        bits = (image[:, :, None] > thresholds[None, :, :, None, None]).reshape(len(x), -1, side, side).astype(np.int64)
        values = _pool(first(bits), pooled)
        if block is not None:
            values = values | block(values)
        flat = values.reshape(len(x), -1)
        return group_sum(look_up(table, np.moveaxis(flat[:, wires], 1, -1)), classes)

    torch.save(state, path)
    config = path.with_suffix(".json")
    config.write_text(json.dumps(sidecar))
    return PeerFile(path, scores, channels * side * side, {"config_path": config}, real=True)


@dataclass
class Trees:
    """Draws convolutions, three by three with a padding of one, whose kernels are trees of tables."""

    random: np.random.Generator
    kind: str
    rank: int
    depth: int
    kernels: int

    def draw(self, state, prefix, channels, side):
        """Adds one convolution to the state and returns its function of (B, C, H, W)."""
        leaves = self.rank ** (self.depth - 1)
        shape = (self.rank, self.kernels, leaves)
        places = np.stack([self.random.integers(0, limit, shape) for limit in (3, 3, channels)], axis=-1)
        starts = np.array([(h, w, 0) for h in range(side) for w in range(side)])
        indices = places[:, :, None] + starts[None, None, :, None]
        state[f"{prefix}.connections._indices_L0"] = torch.from_numpy(indices)
        tables = []
        nodes = leaves
        for level in range(self.depth):
            weights, table = draw_tables(self.random, self.kind, nodes * self.kernels, self.rank)
            state[f"{prefix}.tree_weights.{level}"] = torch.from_numpy(weights.reshape(nodes, self.kernels, -1))
            tables.append(table.reshape(nodes, self.kernels, -1))
            nodes //= self.rank
            if level + 1 < self.depth:
                children = np.arange(nodes * self.rank).reshape(nodes, self.rank).T
                state[f"{prefix}.connections._indices_L{level + 1}"] = torch.from_numpy(children.copy())
        return lambda image: self._run(places, tables, image)

    def _run(self, places, tables, image):
        side = image.shape[-1]
        padded = np.pad(image, ((0, 0), (0, 0), (1, 1), (1, 1)))
        result = np.zeros((len(image), self.kernels, side, side), np.int64)
        for k, h, w in np.ndindex(self.kernels, side, side):
            at = places[:, k] + np.array([h, w, 0])
            values = np.moveaxis(padded[:, at[..., 2], at[..., 0], at[..., 1]], 1, -1)  # (B, S, r)
            for table in tables:
                operands = self.rank if table.shape[0] > 1 else 1
                values = look_up(table[:, k], values).reshape(len(image), -1, operands)
            result[:, k, h, w] = values[:, 0, 0]
        return result


def _pool(values, size):
    """OR over windows of two by two, with a padding of one."""
    padded = np.pad(values, ((0, 0), (0, 0), (1, 1), (1, 1)))
    last = 2 * size - 1
    return np.max([padded[:, :, i : i + last : 2, j : j + last : 2] for i in (0, 1) for j in (0, 1)], axis=0)


# Modules like torchlogix's, by their names: what is pickled is the class's name and its attributes.


class RawLUTParametrization(torch.nn.Module):
    """Says how its layer's tables are stored."""


class LightLUTParametrization(torch.nn.Module):
    """Says how its layer's tables are stored."""


class Connections(torch.nn.Module):
    """Holds indices."""


class LogicDense(torch.nn.Module):
    """A dense layer."""


class LogicConv2d(torch.nn.Module):
    """A convolution."""


class OrPooling2d(torch.nn.Module):
    """Pooling."""


class FixedBinarization(torch.nn.Module):
    """Thresholds."""


class GroupSum(torch.nn.Module):
    """The head."""


def _set(module, **attributes):
    for name, value in attributes.items():
        setattr(module, name, value)
    return module


def module(path, kind="raw", seed=21):
    """The network of `conv` as one pickled module; nothing but the input's shape is left to say."""
    file = conv(path, kind=kind, seed=seed)
    state = torch.load(path, weights_only=True)
    parametrization = RawLUTParametrization if kind == "raw" else LightLUTParametrization
    binarization = _set(FixedBinarization(), feature_dim=1)
    binarization.register_buffer("thresholds", state["0.thresholds"])
    layer = _set(LogicConv2d(), padding=1, stride=1, receptive_field_size=(3, 3), in_dim=(6, 6), lut_rank=2)
    layer.parametrization, layer.connections = parametrization(), Connections()
    weights = [state[f"1.tree_weights.{level}"] for level in range(2)]
    layer.tree_weights = torch.nn.ParameterList([torch.nn.Parameter(values) for values in weights])
    for level in range(2):
        layer.connections.register_buffer(f"_indices_L{level}", state[f"1.connections._indices_L{level}"])
    last = LogicDense()
    last.parametrization, last.connections = parametrization(), Connections()
    last.weight = torch.nn.Parameter(state["5.weight"])
    last.connections.register_buffer("indices", state["5.connections.indices"])
    pool = _set(OrPooling2d(), kernel_size=2, stride=2, padding=1)
    head = _set(GroupSum(), k=2, tau=3.0, beta=0.0)
    model = torch.nn.Sequential(binarization, layer, pool, torch.nn.Identity(), torch.nn.Flatten(), last, head)
    torch.save(model, path)
    return PeerFile(path, file.scores, file.features, {"input_shape": [2, 6, 6]}, real=True)
