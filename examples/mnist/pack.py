"""Write mnist-test.npz (the 10,000 test images as packed bits) and the .safetensors twin of mnist-8k.pt.

python examples/mnist/pack.py FOLDER_WITH_MNIST
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from lgc.frontend import read_model, write_model
from lgc.train import load_dataset


def main(data_dir: str) -> None:
    here = Path(__file__).parent
    model = read_model(here / "mnist-8k.pt")
    write_model(model, here / "mnist-8k.safetensors")
    data = load_dataset("mnist", Path(data_dir))
    bits = model.encoder.encode(data.test_x)
    np.savez_compressed(
        here / "mnist-test.npz",
        X=np.packbits(bits, axis=1, bitorder="little"),
        n_bits=np.int64(bits.shape[1]),
        y=data.test_y.astype(np.uint8),
    )


if __name__ == "__main__":
    main(sys.argv[1])
