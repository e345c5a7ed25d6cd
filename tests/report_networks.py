"""Networks that the tests of reports share: a small table with hostile names, and an image."""

from __future__ import annotations

import numpy as np

from lgc.frontend.model import Layer, Model
from lgc.ir import Column, Encoder, Head, Inputs

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>'\"&`|"
"""A name as nobody means well with it."""


def layer(name: str, width: int, reach: int, arity: int, seed: int, source: int) -> Layer:
    rng = np.random.default_rng(seed)
    tables = rng.integers(0, 1 << (1 << arity), width, dtype=np.uint64)
    return Layer(name, rng.integers(0, reach, (width, arity)), tables, (source,))


def table_model(classes: tuple[str, ...] = ("yes", HOSTILE), gates: int = 12, arity: int = 2) -> Model:
    """Two layers over a number with a code, a number without, a category and a bit."""
    columns = (
        Column("mean radius", low=0.0, high=30.0, scale=10.0, offset=0.0, bits=8),
        Column(HOSTILE, low=-1.0, high=1.0),
        Column("colour", "category", words=("red", HOSTILE[:60])),
        Column("flag", "bit"),
    )
    thresholds = np.array([[50.0, 144.5, 200.0], [-0.5, 0.0, 0.5], *[[0.2, 0.5, 0.7]] * 3])
    encoder = Encoder(5, thresholds)
    layers = (
        layer("layer1", gates, encoder.num_bits, arity, 1, 0),
        layer("layer2", gates - gates % len(classes), gates, 2, 2, 1),
    )
    head = Head.equal_groups(layers[1].width, classes)
    return Model(f"table {HOSTILE}", encoder, layers, head, inputs=Inputs(columns))


def image_model(gates: int = 40, side: int = 6) -> Model:
    """One layer over pixels."""
    columns = tuple(
        Column(f"pixel {row}, {column}", "pixel", low=0.0, high=255.0, scale=255.0, bits=8)
        for row in range(side)
        for column in range(side)
    )
    encoder = Encoder(side * side, np.full((side * side, 1), 0.25))
    one = layer("layer1", gates, side * side, 2, 3, 0)
    head = Head.equal_groups(gates, ("left", "right"))
    return Model("image", encoder, (one,), head, feature_shape=(1, side, side), inputs=Inputs(columns))
