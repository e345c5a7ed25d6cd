"""Checkpoints by torchlogix 0.2.2: state dicts and whole modules, in eval mode."""

import torch
from saving import VECTORS, save
from torchlogix.layers import (
    FixedBinarization,
    GroupSum,
    LearnableBinarization,
    LogicConv2d,
    LogicConv3d,
    LogicDense,
    OrPooling2d,
    OrPooling3d,
)
from torchlogix.models.conv import ClgnCifar10, ClgnMnist
from torchlogix.modules.resblock import ResidualLogicBlock

KINDS = [("raw", 2), ("warp", 2), ("warp", 4), ("warp", 6), ("light", 2), ("light", 4), ("light", 6)]


def randomise(model):
    """Random weights instead of an initialisation that passes one input through."""
    for name, parameter in model.named_parameters():
        if "weight" in name and "connections" not in name:
            parameter.data = torch.randn_like(parameter)
    return model.eval()


def evaluate(model, x, tau, beta=0.0):
    with torch.no_grad():
        return torch.cat([model(part) for part in x.split(500)]) * tau - beta


def dense(kind, rank):
    options = {"parametrization": kind, "lut_rank": rank}
    for connections in ("fixed", "learnable"):
        torch.manual_seed(rank)
        thresholds = torch.sort(torch.randn(20, 3), dim=1).values
        wired = (
            {"connections": connections, "connections_kwargs": {"num_candidates": 5}} if connections != "fixed" else {}
        )
        model = randomise(
            torch.nn.Sequential(
                FixedBinarization(thresholds),
                torch.nn.Flatten(),
                LogicDense(60, 60, **options, **wired),
                LogicDense(60, 40, **options),
                GroupSum(4, tau=8.0, beta=3.0),
            )
        )
        x = torch.randn(VECTORS, 20)
        scores = evaluate(model, x, 8.0)  # the head's offset is a bias of the scores
        name = f"torchlogix-{kind}{rank}-{connections}"
        save(name, model.state_dict(), x, scores, classes=4, parametrization=kind, beta=3.0, tau=8.0)
        save(f"{name}-module", model, x, scores)


def learned_thresholds():
    torch.manual_seed(1)
    binarization = LearnableBinarization(torch.sort(torch.randn(12, 4), dim=1).values)
    binarization.raw_diffs.data = torch.randn(12, 4)
    model = randomise(torch.nn.Sequential(binarization, torch.nn.Flatten(), LogicDense(48, 30), GroupSum(3)))
    x = torch.randn(VECTORS, 12)
    x[: VECTORS // 2] = binarization.get_thresholds().detach()[None, :, 1]  # exactly on a threshold
    facts = {"classes": 3, "torchlogix_version": "0.2.2", "temperature_softplus": 0.1}
    save("torchlogix-learned-thresholds", model.state_dict(), x, evaluate(model, x, 1.0), **facts)


class ClgnCifar10Tiny(ClgnCifar10):
    n_input_bits, k_num, tau, group_size, group_size_input = 3, 4, 20, 2, 1


def convolutional():
    torch.manual_seed(2)
    thresholds = torch.tensor([[0.2, 0.5, 0.8], [0.1, 0.4, 0.7], [0.3, 0.6, 0.9]])
    count = VECTORS
    model = randomise(ClgnCifar10Tiny(thresholds, "fixed", {}, {"init_method": "random"}, parametrization="raw"))
    x = torch.rand(count, 3, 32, 32)
    scores = evaluate(model, x, 20)
    save("torchlogix-cifar", model.state_dict(), x, scores, architecture="ClgnCifar10Small", parametrization="raw")
    save("torchlogix-cifar-module", model, x, scores, input_shape=[3, 32, 32])
    torch.manual_seed(11)
    model = randomise(ClgnMnist(None, "dummy", {}, k_num=4, tau=6.5, parametrization="light"))
    x = (torch.rand(count, 1, 28, 28) < 0.3).float()
    scores = evaluate(model, x, 6.5)
    save("torchlogix-mnist", model.state_dict(), x, scores, architecture="ClgnMnistTiny", parametrization="light")


def blocks():
    torch.manual_seed(3)
    model = randomise(
        torch.nn.Sequential(
            ResidualLogicBlock(8, 3, 3, tree_depth=2, parametrization="warp", lut_rank=4),
            OrPooling2d(kernel_size=3, stride=2, padding=1),
            LogicConv2d(4, channels=3, num_kernels=6, tree_depth=3, receptive_field_size=2, stride=2),
            torch.nn.Flatten(),
            LogicDense(24, 20),
            GroupSum(5),
        )
    )
    x = (torch.rand(VECTORS, 3, 8, 8) < torch.rand(VECTORS, 1, 1, 1)).float()
    save("torchlogix-residual-module", model, x, evaluate(model, x, 1.0), input_shape=[3, 8, 8])
    model = randomise(
        torch.nn.Sequential(
            LogicConv3d((4, 6, 5), channels=2, num_kernels=3, tree_depth=2, receptive_field_size=(2, 3, 2), padding=1),
            OrPooling3d(kernel_size=2, stride=2),
            torch.nn.Flatten(),
            LogicDense(3 * 2 * 3 * 3, 40),
            GroupSum(4),
        )
    )
    x = (torch.rand(VECTORS, 2, 4, 6, 5) < 0.5).float()
    save("torchlogix-3d-module", model, x, evaluate(model, x, 1.0), input_shape=[2, 4, 6, 5])


for kind_and_rank in KINDS:
    dense(*kind_and_rank)
learned_thresholds()
convolutional()
blocks()
