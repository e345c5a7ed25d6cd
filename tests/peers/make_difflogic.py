"""Checkpoints by difflogic 0.1.0, evaluated by its pure-Python path."""

import contextlib
import io

import numpy as np
import torch
from difflogic import GroupSum, LogicLayer
from saving import VECTORS, save


def build(connections, features, widths, classes, tau):
    layers, reads = [], features
    for width in widths:
        layers.append(LogicLayer(reads, width, device="cpu", implementation="python", connections=connections))
        reads = width
    return torch.nn.Sequential(torch.nn.Flatten(), *layers, GroupSum(classes, tau, device="cpu"))


def main():
    for connections in ("random", "unique"):
        torch.manual_seed(7)
        torch.randperm(600)  # the split of a training set, before the model is built
        model = build(connections, 50, [120, 100, 80], 4, 10.0).eval()
        for layer in model[1:-1]:  # spread the gates: at initialisation they are as random as after training
            layer.weights.data = torch.randn_like(layer.weights)
        x = (torch.rand(VECTORS, 50) < torch.rand(VECTORS, 1)).float()
        with torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
            scores = model(x) * 10.0
        save(f"difflogic-module-{connections}", model, x, scores)
        check = {"seed": 7, "preamble": 600, "features": 50, "classes": 4, "check": "check.npz"}
        folder = save(f"difflogic-state-{connections}", model.state_dict(), x, scores, **check)
        np.savez(folder / "check.npz", X=x[:2000].numpy(), y=scores[:2000].argmax(1).numpy())


main()
