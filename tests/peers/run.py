"""`make peers`: checkpoints written by the peers' own libraries, compared with lgc on 10,000 vectors, all scores.

The libraries go into a throw-away environment outside of the checkout; lgc itself never needs them. torch comes
from the environment that runs this. Two things keep the libraries from installing or importing here, and are worked
round in the throw-away copy only: difflogic and torch-dwn want a CUDA compiler at install time (their Python files are
unpacked instead), and torchlogix 0.2.1 and 0.2.2 do not import on Python 3.11 (the module with the nested f-string is
its exporter, which nothing here needs; it is replaced by an empty one).

    python tests/peers/run.py [--folder /tmp/lgc-peers] [--vectors 10000]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
WHEELS = {"torchlogix": "torchlogix==0.2.2"}
SDISTS = {"difflogic": ("difflogic==0.1.0", "difflogic"), "torch_dwn": ("torch-dwn==1.1.1", "src/torch_dwn")}
# A CPU build of torch says that there is no CUDA compiler; a name is enough to get at the source distributions.
SITE = "import torch.utils.cpp_extension as c\nc.CUDA_HOME = '/usr'\n"


def environment(folder: Path) -> Path:
    """The throw-away environment's python, made on first use."""
    python = folder / "venv/bin/python"
    if (folder / "ready").exists():
        return python
    venv.create(folder / "venv", with_pip=True, clear=True)
    site = next((folder / "venv/lib").glob("python*/site-packages"))
    torch_home = Path(__import__("torch").__file__).parents[1]
    (site / "torch-of-lgc.pth").write_text(f"{torch_home}\n")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "-q"]
    for requirement in ("wheel", *WHEELS.values()):
        subprocess.run([*pip, "install", "--no-deps", requirement], check=True)
    if sys.version_info < (3, 12):
        (site / "torchlogix/circuit.py").write_text("class Circuit:\n    pass\n")
    (site / "sitecustomize.py").write_text(SITE)
    for requirement, package in SDISTS.values():
        options = ["--no-deps", "--no-build-isolation", "--no-binary", ":all:", "-d", str(folder / "sdist")]
        subprocess.run([*pip, "download", *options, requirement], check=True)
        _unpack(folder / "sdist", requirement.split("==")[0], package, site)
    (site / "sitecustomize.py").unlink()
    (site / "difflogic_cuda.py").write_text("")
    (folder / "ready").write_text("")
    return python


def _unpack(folder: Path, name: str, package: str, site: Path) -> None:
    """The Python files of one package of a source distribution."""
    path = next(path for path in folder.iterdir() if path.name.lower().replace("_", "-").startswith(name))
    target = site / Path(package).name
    target.mkdir(exist_ok=True)
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            inner = Path(*Path(member.name).parts[1:])
            if inner.parent == Path(package) and inner.suffix == ".py":
                source = archive.extractfile(member)
                assert source is not None
                (target / inner.name).write_bytes(source.read())


def compare(case: Path) -> str:
    """Import one checkpoint and compare every score; returns a line for the report."""
    from lgc.frontend import ImportOptions, lower
    from lgc.frontend.facts import read_facts
    from lgc.frontend.registry import read_file
    from lgc.frontend.software import SoftwareModel
    from lgc.ir.interp import scores

    facts = read_facts(case / "facts.json")
    vectors = np.load(case / "vectors.npz")
    model = read_file(case / "net.pth", ImportOptions(config=facts, folder=case)).result
    features = vectors["X"].reshape(len(vectors["X"]), -1)
    bits = model.encoder.encode(features)
    ours, torch_scores = scores(lower(model), bits), SoftwareModel.from_model(model).scores(bits)
    wrong = (ours != vectors["scores"]).any(axis=1) | (torch_scores != vectors["scores"]).any(axis=1)
    if wrong.any():
        raise SystemExit(
            f"{case.name}: {int(wrong.sum())} of {len(wrong)} vectors differ, the first is {wrong.argmax()}"
        )
    distinct = len(np.unique(vectors["scores"], axis=0))
    if distinct < 20:
        raise SystemExit(f"{case.name}: only {distinct} different score vectors, which proves nothing")
    return f"{case.name:34} {model.num_nodes:7} nodes   {len(ours)} vectors, {distinct} different score vectors: equal"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=Path("/tmp/lgc-peers"))
    parser.add_argument("--vectors", type=int, default=10_000)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    python = environment(arguments.folder)
    out = arguments.folder / "cases"
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    for script in sorted(HERE.glob("make_*.py")):
        subprocess.run([str(python), str(script), str(out), str(arguments.vectors)], check=True, env=clean)
    lines = [compare(case) for case in sorted(out.iterdir())]
    (arguments.folder / "report.json").write_text(json.dumps(lines, indent=1))
    print("\n".join(lines))
    print(f"{len(lines)} checkpoints of {len(WHEELS) + len(SDISTS)} libraries: every score equal")


if __name__ == "__main__":
    main()
