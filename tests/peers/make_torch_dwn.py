"""Checkpoints by torch-dwn 1.1.1: its thermometers, mappings, straight-through step and head.

Its LUT lookup exists as a CUDA kernel only (on the CPU it raises a string). That one step is done here in plain
torch: the address of row j is the sum of (input l > 0) << l.
"""

import torch
import torch_dwn
from saving import VECTORS, save
from torch_dwn.lut_layer import EFDFunction, LUTLayer


def lookup(x, mapping, luts, _alpha, _beta):
    wires = mapping.long()
    address = sum((x[:, wires[:, j]] > 0).long() << j for j in range(wires.shape[1]))
    return luts[torch.arange(len(luts)), address]


def build(thermometer, inputs, mapping):
    encoder = thermometer.fit(torch.randn(2000, inputs))
    bits = inputs * encoder.num_bits
    model = torch.nn.Sequential(
        LUTLayer(bits, 50, n=6, mapping=mapping), LUTLayer(50, 32, n=4), torch_dwn.GroupSum(5, tau=4.0)
    )
    return encoder, model.eval()


def main():
    EFDFunction.apply = staticmethod(lookup)
    kinds = {
        "uniform": torch_dwn.Thermometer(4),
        "gaussian": torch_dwn.GaussianThermometer(4),
        "distributive": torch_dwn.DistributiveThermometer(4),
    }
    for index, (kind, thermometer) in enumerate(kinds.items()):
        torch.manual_seed(index)
        encoder, model = build(thermometer, 9, ("random", "learnable", "arange")[index])
        x = torch.randn(VECTORS, 9)
        x[:100] = encoder.thresholds[:, 2].repeat(100, 1)  # exactly on a threshold
        with torch.no_grad():
            scores = model(encoder.binarize(x).flatten(1)) * 4.0
        thresholds = encoder.thresholds.double().tolist()
        save(f"torch-dwn-{kind}", model.state_dict(), x, scores, classes=5, thresholds=thresholds)
        save(f"torch-dwn-{kind}-module", model, x, scores, thresholds=thresholds)
    permuted = torch.nn.Sequential(LUTLayer(36, 30, n=3), torch_dwn.GroupSum(4, randperm=30)).eval()
    x = (torch.rand(VECTORS, 36) < 0.5).float()
    with torch.no_grad():
        save("torch-dwn-permuted-module", permuted, x, permuted(x), features=36)


main()
