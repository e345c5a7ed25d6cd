"""What the make_* scripts share. They run in the throw-away environment, where lgc is not installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch

OUT = Path(sys.argv[1])
VECTORS = int(sys.argv[2])


def save(name, holder, x, scores, **facts):
    """One case: the checkpoint, the vectors with the library's own scores, and what the file does not say."""
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(holder, folder / "net.pth")
    rounded = scores.round()
    assert float((scores - rounded).abs().max()) < 1e-3, "scores are not whole numbers"
    np.savez(folder / "vectors.npz", X=x.numpy(), scores=rounded.numpy().astype(np.int64))
    (folder / "facts.json").write_text(json.dumps(facts))
    return folder
