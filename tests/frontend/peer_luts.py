"""Writers of torch-dwn's and silogic's checkpoints, whose nodes are lookup tables: see peer_files."""

from __future__ import annotations

import numpy as np
import torch
from peer_files import PeerFile, gate, group_sum, one_hot_logits, rng


def dwn(path, learned=False, wrapped=False, arity=4, seed=10):
    random, features, bits_each, classes = rng(seed), 5, 3, 3
    widths = [14, 10]  # 10 outputs do not divide by 3: GroupSum pads with zeros
    thresholds = np.sort(random.standard_normal((features, bits_each)).astype(np.float32), axis=1)
    state, layers, reads = {}, [], features * bits_each
    for index, width in enumerate(widths):
        luts = random.uniform(-1, 1, (width, 1 << arity)).astype(np.float32)
        luts[0, 0] = 0.0  # exactly zero is not above zero
        mapping = random.integers(0, reads, (width, arity))
        state[f"{index}.luts"] = torch.from_numpy(luts)
        if learned and index == 0:
            state[f"{index}.mapping.weights"] = one_hot_logits(random, mapping.reshape(-1), reads, 0)
            decoy = torch.arange(width * arity).reshape(width, arity).int()
            state[f"{index}._LUTLayer__dummy_mapping"] = decoy
        else:
            state[f"{index}.mapping"] = torch.from_numpy(mapping.astype(np.int32))
        layers.append((luts, mapping))
        reads = width

    def scores(x):
        values = (x[:, :, None] > thresholds).reshape(len(x), -1).astype(np.int64)
        for luts, mapping in layers:
            address = sum(values[:, mapping[:, j]] << j for j in range(arity))
            values = (luts[np.arange(len(luts)), address] > 0).astype(np.int64)
        return group_sum(np.pad(values, ((0, 0), (0, -values.shape[1] % classes))), classes)

    if wrapped:
        config = {"n": arity, "layers": widths, "num_classes": classes, "tau": 2.5}
        thermometer = {"kind": "distributive", "num_bits": bits_each, "thresholds": thresholds}
        torch.save(_wrapped(state, config, thermometer), path)
        return PeerFile(path, scores, features, real=True)
    torch.save(state, path)
    return PeerFile(path, scores, features, {"classes": classes, "thresholds": thresholds.tolist()}, real=True)


# --- silogic -------------------------------------------------------------------------------------------------------


def _wrapped(state, config, thermometer):
    """What torch-dwn's experiments save: the tensors, and all that they do not say."""
    features = len(thermometer["thresholds"])
    return {
        "config": config,
        "state_dict": state,
        "thermometer": thermometer,
        "scaler": {"mean": np.zeros(features), "scale": np.ones(features)},
        "classes": ["a", "b", "c"],
        "results": {"accuracy": np.float64(0.5)},
    }


def silogic(path, node="gate16", connectome="topk", arity=2, seed=11):
    random, features, classes = rng(seed), 8, 3
    state, layers, reads = {}, [], features
    for index, width in enumerate([18, 12]):
        wires = random.integers(0, reads, (width, arity))
        prefix = f"layers.{index}."
        if connectome == "fixed":
            state[f"{prefix}_conn.idx"] = torch.from_numpy(wires)
        elif connectome == "dense":
            state[f"{prefix}_conn.conn"] = one_hot_logits(random, wires, reads, -1)
        else:
            candidates = random.integers(0, reads, (width, arity, 3))
            best = random.integers(0, 3, (width, arity))
            state[f"{prefix}_conn.conn"] = one_hot_logits(random, best, 3, -1)
            state[f"{prefix}_conn.cand"] = torch.from_numpy(candidates)
            wires = np.take_along_axis(candidates, best[..., None], axis=-1)[..., 0]
        tensors, table = _silogic_node(random, node, width, arity)
        state |= {f"{prefix}node.{name}": torch.from_numpy(value) for name, value in tensors.items()}
        layers.append((wires, table))
        reads = width

    def scores(x):
        values = x.astype(np.int64)
        for wires, table in layers:
            values = table(values[:, wires])
        return group_sum(values, classes)

    torch.save(state, path)
    return PeerFile(path, scores, features, {"classes": classes, "features": features})


def _silogic_node(random, node, width, arity):
    """Tensors of a node, and its function of operands (B, N, r)."""
    if node == "gate16":
        ids = random.integers(0, 16, width)
        logits = one_hot_logits(random, ids, 16, -1).numpy()
        return {"gate_logits": logits}, lambda v: gate(ids, v[..., 0], v[..., 1])
    if node == "multilinear":
        logits = random.standard_normal((width, 1 << arity)).astype(np.float32)
        weights = 1 << np.arange(arity)
        return {"logits": logits}, lambda v: (logits[np.arange(width), (v * weights).sum(-1)] > 0).astype(np.int64)
    if node == "linear":
        theta = random.standard_normal((width, arity + 1)).astype(np.float32)
        return {"theta": theta}, lambda v: (theta[:, 0] + (v * theta[:, 1:]).sum(-1) >= 0).astype(np.int64)
    if node == "walsh":
        theta = random.standard_normal((width, 1 << arity)).astype(np.float32)

        def walsh(v):
            u = 2 * v - 1
            z = 0.0
            for subset in range(1 << arity):
                chosen = [j for j in range(arity) if (subset >> j) & 1]
                z = z + theta[:, subset] * (u[..., chosen].prod(-1) if chosen else 1)
            return (z > 0).astype(np.int64)

        return {"theta": theta}, walsh
    mask = np.array([[0] * arity, *np.eye(arity, dtype=int).tolist(), [1, 1] + [0] * (arity - 2)], np.float32)
    theta = random.standard_normal((width, len(mask))).astype(np.float32)

    def polynomial(v):
        monomials = np.stack([v[..., row > 0].prod(-1) for row in mask], axis=-1)
        return ((monomials * theta).sum(-1) >= 0).astype(np.int64)

    return {"theta": theta, "mono_mask": mask}, polynomial


def silogic_conv(path, node="gate16", connect="topk", arity=2, depth=2, side=8, seed=31):
    """LogicConvNet: trees over 3 x 3, padded by 1, then OR over 2 x 2, twice; two dense layers; GroupSum.

    What its modules hold besides (``basis``, ``truth``, the leaves as channel, row and column) is in the file too.
    """
    random, classes, channels = rng(seed), 2, 2
    state, blocks, extent, reads = {}, [], side, channels
    for index, kernels in enumerate([5, 6]):
        prefix = f"blocks.{2 * index}."
        leaves = _silogic_leaves(random, state, prefix, (kernels, arity**depth), reads, 3, connect)
        blocks.append((leaves, _silogic_levels(random, state, prefix, node, (kernels, arity, depth))))
        state |= {f"{prefix}{name}": torch.zeros(16, 4) for name in ("basis", "truth")}
        reads, extent = kernels, extent // 2
    dense, reads = [], reads * extent * extent
    for index, width in enumerate([40, 20]):
        wires = random.integers(0, reads, (width, 2))
        tensors, table = _silogic_node(random, "gate16", width, 2)
        state |= {f"head_layers.{index}.node.{name}": torch.from_numpy(value) for name, value in tensors.items()}
        state[f"head_layers.{index}.node.truth"] = torch.zeros(16, 4)
        state[f"head_layers.{index}._conn.idx"] = torch.from_numpy(wires)
        state[f"head_layers.{index}._conn.cand_i32"] = torch.from_numpy(wires[..., None].astype(np.int32))
        dense.append((wires, table))
        reads = width

    def scores(x):
        image = x.reshape(len(x), channels, side, side).astype(np.int64)
        for leaves, levels in blocks:
            image = _silogic_block(image, leaves, levels, 3)
        values = image.reshape(len(x), -1)
        for wires, table in dense:
            values = table(values[:, wires])
        return group_sum(values, classes)

    torch.save(state, path)
    return PeerFile(path, scores, channels * side * side, {"classes": classes, "input_shape": [channels, side, side]})


def _silogic_levels(random, state, prefix, node, shape):
    """Adds the nodes of trees; returns the number of nodes and their function for each level."""
    kernels, arity, depth = shape
    levels = []
    for level in range(depth):
        nodes = arity ** (depth - 1 - level)
        tensors, table = _silogic_node(random, node, kernels * nodes, arity)
        if node == "gate16":
            logits = tensors["gate_logits"].reshape(kernels, nodes, 16)
            state[f"{prefix}gate_logits.{level}"] = torch.from_numpy(logits.copy())
        else:
            state |= {f"{prefix}tree_nodes.{level}.{name}": torch.from_numpy(one) for name, one in tensors.items()}
        levels.append((nodes, table))
    return levels


def _silogic_leaves(random, state, prefix, shape, channels, field, connect):
    """Adds the leaves of trees; returns them as (channel, row, column), each of the shape (trees, leaves)."""
    size = (*shape, 3) if connect == "topk" else shape
    found = random.integers(0, channels * field * field, size)
    found.reshape(-1)[0] = channels * field * field - 1  # so that a side of the field can be told
    parts = found // field**2, found % field**2 // field, found % field
    names = ("lc_cm", "lc_ch", "lc_cw") if connect == "topk" else ("cm_idx", "ch_idx", "cw_idx")
    state |= {f"{prefix}{name}": torch.from_numpy(one.astype(np.int32)) for name, one in zip(names, parts, strict=True)}
    state[f"{prefix}{'leaf_cand' if connect == 'topk' else 'leaf_idx'}"] = torch.from_numpy(found)
    if connect != "topk":
        return parts
    best = random.integers(0, 3, shape)
    state[f"{prefix}conn"] = one_hot_logits(random, best, 3, -1)
    return [np.take_along_axis(one, best[..., None], -1)[..., 0] for one in parts]


def _silogic_block(image, leaves, levels, field):
    """Trees at every position of a padded image, then OR over 2 x 2."""
    count, _, height, width = image.shape
    pad = field // 2
    padded = np.pad(image, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    channel, row, column = leaves
    result = np.zeros((count, len(channel), height, width), np.int64)
    for y, x in np.ndindex(height, width):
        values = padded[:, channel, row + y, column + x]  # (B, trees, leaves)
        for nodes, table in levels:
            values = table(values.reshape(count, len(channel) * nodes, -1)).reshape(count, len(channel), nodes)
        result[:, :, y, x] = values[:, :, 0]
    high, wide = height // 2 * 2, width // 2 * 2
    return result[:, :, :high, :wide].reshape(count, len(channel), height // 2, 2, width // 2, 2).max((3, 5))
