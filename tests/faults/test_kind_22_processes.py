"""Kind 22: what lgc gives works in a forked process and can be sent to others, also after threads of lgc have run."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from strategies import random_circuit, random_inputs
from torch.utils.data import DataLoader, Dataset

import lgc
from lgc import errors
from lgc.frontend.facts import MissingFactError
from lgc.ir import Circuit, interp
from lgc.runtime import Predictor
from lgc.testing.equivalence import NotEquivalentError
from lgc.tools.run import FailedError
from lgc.tools.threads import Threads, is_forked
from lgc.train import functions
from lgc.train.fused import step
from lgc.train.modules import Dense, GroupSum, LogicLayer, LogicNetwork, Thermometer, TopK
from lgc.train.parallel import ProcessGroup

CIRCUIT = random_circuit(12, [30, 20], 2, seed=22)
LARGE = random_inputs(12, 20_000)
SECONDS = 60


def in_child(method: str, function: Callable[[Any], Any], argument: Any = None) -> Any:
    """What a function gives in a process of another kind; an error if it hangs."""
    pool = multiprocessing.get_context(method).Pool(1)
    try:
        return pool.apply_async(function, (argument,)).get(timeout=SECONDS)
    finally:
        pool.terminate()


def threaded(engine: str = "c") -> Predictor:
    """A predictor whose threads have run."""
    predictor = Predictor(CIRCUIT, engine=engine, threads=2)
    predictor.predict(LARGE)
    return predictor


_inherited: dict[str, Any] = {}


def _predict_inherited(_: None) -> Any:
    return _inherited["predictor"].predict(LARGE)


def _predict(predictor: Predictor) -> Any:
    return predictor.predict(LARGE), predictor.engine, predictor.threads


def test_a_forked_process_predicts_after_the_parent_has() -> None:
    """The example: it waited for threads that only the parent has."""
    _inherited["predictor"] = threaded()
    np.testing.assert_array_equal(in_child("fork", _predict_inherited), interp.classify(CIRCUIT, LARGE))
    np.testing.assert_array_equal(_predict_inherited(None), interp.classify(CIRCUIT, LARGE))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_predictor_can_be_sent(method: str) -> None:
    found, engine, threads = in_child(method, _predict, threaded())
    np.testing.assert_array_equal(found, interp.classify(CIRCUIT, LARGE))
    assert (engine, threads) == ("c", 2)


class _Samples(Dataset):  # type: ignore[type-arg]
    def __init__(self) -> None:
        self.predictor = threaded()

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[int, Any]:
        return index, self.predictor.predict(LARGE[index * 4096 :]).sum()


def test_a_data_loader_with_workers_ends() -> None:
    want = interp.classify(CIRCUIT, LARGE)
    for index, total in DataLoader(_Samples(), num_workers=2, batch_size=None, timeout=SECONDS):
        assert int(total) == want[int(index) * 4096 :].sum()


@pytest.mark.parametrize("engine", ["c", "numpy"])
def test_copies_are_equal_and_their_own(engine: str) -> None:
    before = threaded(engine)
    for after in (copy.copy(before), copy.deepcopy(before), pickle.loads(pickle.dumps(before))):
        assert (after.engine, after.threads, after.classes) == (engine, 2, before.classes)
        assert after is not before and after._local is not before._local
        np.testing.assert_array_equal(after.scores(LARGE[:50]), before.scores(LARGE[:50]))


def _hold(pool: Threads, lock: threading.Event) -> None:
    pool.submit(lock.wait)


def test_threads_begin_anew_whatever_the_parent_was_doing() -> None:
    """Even if another thread of the parent held the pool's lock."""
    pool, going = Threads(2), threading.Event()
    _hold(pool, going)
    _inherited["pool"] = pool
    with pool._lock:
        assert in_child("fork", _use_pool) == ([1, 4, 9], True)
    going.set()
    assert list(pool.map(_square, [2])) == [4]
    assert not is_forked()


def _square(value: int) -> int:
    return value * value


def _use_pool(_: None) -> tuple[list[int], bool]:
    return list(_inherited["pool"].map(_square, [1, 2, 3])), is_forked()


def _network() -> LogicNetwork:
    generator = torch.Generator().manual_seed(0)
    wiring = Dense(64, 200, generator=generator)
    layers = [LogicLayer(wiring, 200, generator=generator)]
    return LogicNetwork(CIRCUIT.encoder.__class__(64), layers, GroupSum(2, 3.0))


def _train(steps: int) -> float:
    torch.set_num_threads(1 if is_forked() else 2)  # torch itself hangs otherwise
    network = _network()
    bits = (torch.rand(256, 64, generator=torch.Generator().manual_seed(1)) < 0.5).to(torch.uint8)
    labels = torch.arange(256) % 2
    one = step.FusedStep(network, ProcessGroup())
    one.lr = 0.01
    for _ in range(steps):
        loss, _ = one(bits, labels)
    torch.nn.functional.cross_entropy(network(bits.float()), labels).backward()  # through the pool of threads
    return float(loss)


def test_the_training_kernel_runs_in_a_forked_process(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.setattr(functions, "_BLOCK_BYTES", 4096)
    try:
        want = _train(3)
        assert in_child("fork", _train, 3) == pytest.approx(want)
    finally:
        torch.set_num_threads(before)


def _results(folder: Path) -> dict[str, Any]:
    blif, model = folder / "net.blif", folder / "model.pt"
    blif.write_text(".model n\n.inputs a b\n.outputs f g\n.names a b f\n11 1\n.names a g\n0 1\n.end\n")
    lgc.convert(_network().harden(), model)
    results = {path.name: lgc.read(path) for path in (blif, model)}
    results["compiled"] = lgc.compile(blif, folder / "net.v")
    results["mapped"] = lgc.compile(model, folder / "mapped.v", head="compress", effort=0)
    results["inspected"] = lgc.inspect(model)
    results["estimated"] = lgc.estimate(model)
    results["converted"] = lgc.convert(blif, folder / "net.lgn")
    results["verified"] = lgc.verify(blif, folder / "net.lgn", random=4)
    return results


def test_results_survive_a_pickle_and_a_copy(tmp_path: Path) -> None:
    for name, result in _results(tmp_path).items():
        for again in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
            assert type(again) is type(result), name
            assert repr(again) == repr(result), name
            circuit = getattr(result, "circuit", None)
            assert not isinstance(circuit, Circuit) or again.circuit.digest() == circuit.digest()


def test_modules_survive_a_pickle_and_a_copy() -> None:
    generator = torch.Generator().manual_seed(0)
    sparse = LogicLayer(TopK(64, 20, 4, generator=generator), 20, generator=generator)
    bits = (torch.rand(9, 64, generator=generator) < 0.5).float()
    for module in (_network(), sparse, torch.nn.Sequential(*_network(), Thermometer([[0.1, 0.2]]))):
        for again in (pickle.loads(pickle.dumps(module)), copy.deepcopy(module)):
            assert repr(again) == repr(module)
            if not isinstance(module, torch.nn.Sequential):
                assert torch.equal(again.eval()(bits), module.eval()(bits))


ERRORS = [
    errors.InputError("what", where="file", hint="do"),
    FailedError("yosys", "no", where="file"),
    NotEquivalentError("differs"),
    MissingFactError("classes", "it does not say"),
]


def _fail(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_come_back_from_a_process(error: errors.LgcError) -> None:
    """An error that cannot be read back stops multiprocessing's pool for ever."""
    with pytest.raises(type(error)) as caught:
        in_child("fork", _fail, error)
    assert (str(caught.value), caught.value.where, caught.value.hint) == (str(error), error.where, error.hint)
