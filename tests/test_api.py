"""`import lgc` does what the command line does: the same bytes, the same refusals, and nothing left behind."""

from __future__ import annotations

import inspect
import json
import os
import pickle
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from option_sets import OPTION_SETS

sys.path.insert(0, str(Path(__file__).parent / "cli"))
from cli import save, small_model

import lgc
from lgc.api import VERBS
from lgc.cli import main
from lgc.cli.options import RequestCommand
from lgc.driver.compile_request import CompileRequest
from lgc.frontend import load_circuit, read_model
from lgc.ir import Encoder
from lgc.settings import described

ROOT = Path(__file__).parent.parent


@pytest.fixture
def model(tmp_path: Path) -> Path:
    grid = np.sort(np.random.default_rng(5).integers(1, 255, (4, 4)), axis=1) / 255
    return save(tmp_path / "model.pt", seed=3, encoder=Encoder(4, grid))


def options_of(arguments: str) -> dict[str, Any]:
    """A command line's options as Python's keywords, by what the request says of its flags."""
    flags = {}
    for name, one in described(CompileRequest).items():
        dashed = f"--{name.replace('_', '-')}"
        for flag in one.setting.flags or (dashed, f"--no-{name.replace('_', '-')}"):
            flags[flag] = (name, one)
    words, found = shlex.split(arguments), {}
    while words:
        flag = words.pop(0)
        name, one = flags[flag]
        if one.kind is bool:
            found[name] = not flag.startswith("--no-")
        elif one.several:
            found[name] = (*found.get(name, ()), words.pop(0))
        else:
            kind = one.kind if one.kind in (int, float) else str
            found[name] = kind(words.pop(0))
    return found


@pytest.mark.parametrize("title", OPTION_SETS)
def test_compile_writes_the_bytes_that_the_command_line_writes(title: str, model: Path, tmp_path: Path) -> None:
    """Over every set of options that is frozen; files by name and content, or the same refusal."""
    suffix, arguments = OPTION_SETS[title]
    ends, texts = [], []
    for index in range(2):
        folder = tmp_path / str(index)
        folder.mkdir()
        if index:
            try:
                lgc.compile(model, folder / f"net{suffix}", **options_of(arguments))
                ends.append(0)
            except lgc.LgcError as error:
                ends.append(error.exit_code)
        else:
            with pytest.raises(SystemExit) as end:
                main(["compile", str(model), "-o", str(folder / f"net{suffix}"), "-q", *shlex.split(arguments)])
            ends.append(end.value.code)
        texts.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert ends[0] == ends[1] and texts[0] == texts[1]


def test_a_path_a_model_a_circuit_and_a_network_compile_alike(model: Path, tmp_path: Path) -> None:
    """What differs is the label and the digest of the model that a circuit remembers."""
    sources = [model, str(model), read_model(model), load_circuit(model)]
    texts = [lgc.compile(source, tmp_path / "net.v", pipeline=2).path.read_text() for source in sources]
    assert texts == texts[:1] * 4


def test_networks_of_torch_compile(tmp_path: Path) -> None:
    """An nn.Sequential with the encoder in front is what LogicNetwork is, and both are what from_torch makes."""
    torch = pytest.importorskip("torch")
    from lgc.train.modules import Dense, Fixed

    torch.manual_seed(1)
    front = lgc.Thermometer(np.array([[0.2, 0.6], [0.1, 0.9]]))
    layers = [lgc.LogicLayer(Dense(4, 8), 8), lgc.LogicLayer(Fixed(8, 6), 6)]
    head = lgc.GroupSum(3, 2.0)
    network = lgc.LogicNetwork(front.encoder(), layers, head)
    sequence = torch.nn.Sequential(front, torch.nn.Sequential(*layers), head)
    assert list(network) == [*layers, head] and len(network) == 3 and network[-1] is head
    assert lgc.from_torch(sequence).digest() == lgc.from_torch(network).digest() == network.harden().digest()
    results = [lgc.compile(one, tmp_path / "net.v").path.read_text() for one in (network, sequence)]
    assert results[0] == results[1]
    bits = lgc.from_torch(torch.nn.Sequential(*layers, head))
    assert bits.encoder.num_bits == 4 and bits.encoder.thresholds is None
    with pytest.raises(lgc.LgcError, match="holds Linear"):
        lgc.from_torch(torch.nn.Linear(3, 3))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fabrik": "ecp5"}, "no option 'fabrik'. Did you mean fabric?"),
        ({"fabric": "stratix"}, "fabric is 'stratix'. Give generic, xc7"),
        ({"pipeline": "8"}, "pipeline is '8'. It is a whole number"),
        ({"pipeline": -1}, "pipeline is -1. It must be at least 0"),
        ({"pipeline": 2.5}, "pipeline is 2.5"),
        ({"output": 3}, "output is 3. It is a path"),
        ({"output": None}, "output is None"),
        ({"model": 7}, "a int is no network"),
        ({"model": "gone.pt"}, "gone.pt: cannot be read"),
        ({"level": 9}, "level is '9'"),
        ({"settings": {"pipeline": "2"}, "pipeline": 3}, "say the same thing twice"),
        ({"passes": "dead-gates", "level": 1}, "a level is given too"),
        ({"passes": "dead-gate"}, "dead-gate"),
        ({"clock": "150MHz"}, "go together"),
    ],
)
def test_bad_options_are_one_paragraph_and_write_nothing(
    options: dict[str, Any], said: str, model: Path, tmp_path: Path
) -> None:
    before = sorted(tmp_path.iterdir())
    with pytest.raises(lgc.LgcError) as caught:
        lgc.compile(**{"model": model, "output": tmp_path / "net.v"} | options)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before


def test_numbers_of_numpy_are_numbers(model: Path, tmp_path: Path) -> None:
    """A loop over np.arange gives them."""
    texts = [lgc.compile(model, tmp_path / "net.v", pipeline=two).path.read_text() for two in (2, np.int64(2))]
    assert texts[0] == texts[1]
    with pytest.raises(lgc.LgcError, match="It is a whole number"):
        lgc.compile(model, tmp_path / "net.v", pipeline=np.float64(2.0))


def test_arguments_by_place(model: Path, tmp_path: Path) -> None:
    with pytest.raises(lgc.LgcError, match="needs 'output'"):
        lgc.compile(model)
    with pytest.raises(lgc.LgcError, match=r"3 arguments by place\. They are model, output"):
        lgc.compile(model, tmp_path / "net.v", "ecp5")
    with pytest.raises(lgc.LgcError, match="model is given twice"):
        lgc.compile(model, tmp_path / "net.v", model=model)


def test_every_verb_has_the_options_of_its_command() -> None:
    """A keyword for every flag, and a flag for every keyword that a command line can say."""
    from lgc.cli import cli

    for name in ("compile", "convert", "inspect", "estimate", "synth", "eval", "train"):
        command = cli.get_command(None, name)  # type: ignore[arg-type]
        assert isinstance(command, RequestCommand) and command.examples, name
        flags = {one.name for one in command.params}
        said = set(described(VERBS[name].request)) | set(described(VERBS[name].loose) if VERBS[name].loose else ())
        assert said <= flags, name
        assert said <= set(inspect.signature(getattr(lgc, name)).parameters), name


def test_verbs_are_documented_and_found() -> None:
    assert set(VERBS) <= set(dir(lgc)) and dir(lgc) == sorted(dir(lgc))
    for name in VERBS:
        function = getattr(lgc.api, name)
        assert function.__doc__ and "Args:" in function.__doc__ and function.__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'compil'"):
        _ = lgc.compil


def test_packages_that_are_verbs_stay_callable(tmp_path: Path) -> None:
    """Importing lgc.train makes `lgc.train` the package, which trains all the same."""
    code = "import lgc, lgc.train.config, lgc.synth.flow; print(callable(lgc.train), callable(lgc.synth), lgc.bench)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True True ")
    np.savez(tmp_path / "data.npz", X=np.random.default_rng(0).integers(0, 2, (60, 8)), y=np.arange(60) % 2)
    import lgc.train.config

    trained = lgc.train(str(tmp_path / "data.npz"), gates=20, epochs=1, output=tmp_path / "net.pt", batch=8)
    assert trained.model.num_nodes == 20 and "20 gates" in repr(trained)


def test_results_show_themselves(model: Path, tmp_path: Path) -> None:
    """In a terminal as the command prints, in a notebook as a table; hostile names are text."""
    net = lgc.compile(model, tmp_path / "net.v", pipeline=2)
    assert "wrote" in repr(net) and "class_id" in repr(net) and "latency 2 clocks" in repr(net)
    named = small_model(name="<script>")
    page = lgc.read(named)._repr_html_() + lgc.inspect(named)._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert "<table>" in net._repr_html_()


def test_import_is_light() -> None:
    """Nothing heavy comes with `import lgc`, and asking what there is imports nothing either."""
    code = "import sys, lgc; dir(lgc); print([m for m in ('numpy', 'click', 'rich', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_an_interruption_leaves_no_file_and_no_process(tmp_path: Path) -> None:
    """Ctrl-C in a notebook, while yosys runs: it comes out, the process is gone, no file is half there."""
    pytest.importorskip("pyosys")
    lgc.compile(ROOT / "examples/mnist/mnist-1k5.pt", tmp_path / "net.v")
    code = (
        "import lgc\n"
        "try:\n    lgc.synth('net.v', 'xc7-a35t', route=False, cache=False, json='out.json')\n"
        "except KeyboardInterrupt:\n    print('clean')\n"
    )
    environment = os.environ | {"LGC_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environment, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not any("yosys" in _command(child) for child in _children(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    children = _children(process.pid)  # yosys, and what ends it where lgc is killed
    assert any("yosys" in _command(child) for child in children)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert out == b"clean\n"
    while any(map(_command, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_command, children))
    assert not (tmp_path / "out.json").exists() and not list(tmp_path.glob("*.lgc-tmp"))


def _command(pid: int) -> str:
    """What a process runs; empty once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    if not path.parent.exists():
        return []
    if not path.exists():
        pytest.skip("this system does not list a process's children")
    return [int(word) for word in path.read_text().split()]


def test_requests_are_plain_data(model: Path) -> None:
    """They can be compared, printed and sent to another process."""
    request = CompileRequest(model, Path("net.v"), pipeline=2)
    assert pickle.loads(pickle.dumps(request)) == request
    assert request.given() == {"model": model, "output": Path("net.v"), "pipeline": 2}


def test_eval_and_load_agree(model: Path, tmp_path: Path) -> None:
    X = np.random.default_rng(2).random((90, 4))
    labels = lgc.load(model, engine="numpy").predict(X)
    np.savez(tmp_path / "data.npz", X=X, y=labels)
    found = lgc.eval(model, str(tmp_path / "data.npz"))
    assert found.accuracy == 1.0 and found.samples == 90
    assert json.loads(found.to_json())["correct"] == 90
    assert (lgc.load(read_model(model), engine="numpy").predict(X) == labels).all()


def test_a_path_may_be_given_where_a_text_is_wanted(model: Path, tmp_path: Path) -> None:
    """Data are named by a text, for they may be a data set's name; their file may be a path all the same."""
    rows = np.random.default_rng(0).random((20, 4))
    data = tmp_path / "rows.npz"
    np.savez(data, X=rows, y=np.zeros(20, np.int64))
    given, named = (lgc.eval(model, one) for one in (data, str(data)))
    assert given.correct == named.correct
    assert isinstance(CompileRequest(model, Path("net.v"), data=data).data, str)
