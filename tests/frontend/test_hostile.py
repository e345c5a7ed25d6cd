"""Hostile files: refused with one clear error, quickly, with little memory, and nothing in them is run."""

from __future__ import annotations

import builtins
import io
import os
import pickle
import resource
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lgc.errors import LgcError
from lgc.frontend import read_model
from lgc.frontend.containers.ptfile import read_pt
from lgc.frontend.registry import read_file

MAX_SECONDS = 2.0
MAX_BYTES = 500 << 20


class Reduced:
    """Pickles as a call."""

    def __init__(self, function, *args) -> None:
        self.call = (function, args)

    def __reduce__(self):
        return self.call


def save(path: Path, text: bytes, **records: bytes) -> Path:
    """A PyTorch zip with this pickle and these records."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", text)
        archive.writestr("archive/version", "3\n")
        for name, data in records.items():
            archive.writestr(f"archive/data/{name}", data)
    return path


def refused(path: Path, reader=read_file) -> str:
    """The message with which a file is refused, within the bounds of time and memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    with pytest.raises(LgcError) as caught:
        reader(path)
    assert time.process_time() - start < MAX_SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10 < MAX_BYTES
    message = str(caught.value)
    assert path.name in message
    assert len(message) < 600
    return message


CALLS = {
    "posix.system": Reduced(os.system, "touch /tmp/lgc-was-here"),
    "builtins.eval": Reduced(builtins.eval, "open('/tmp/lgc-was-here', 'w')"),
    "builtins.exec": Reduced(builtins.exec, "open('/tmp/lgc-was-here', 'w')"),
    "builtins.getattr": Reduced(builtins.getattr, "x", "upper"),
    "builtins.__import__": Reduced(builtins.__import__, "antigravity"),
    "builtins.bytearray": Reduced(bytearray, 1 << 40),
    "io.open": Reduced(open, "/tmp/lgc-was-here", "w"),
    "torch._utils._rebuild_sparse_tensor": Reduced(torch._utils._rebuild_sparse_tensor, None, None),
}


class TestCalls:
    @pytest.mark.parametrize("name", CALLS)
    @pytest.mark.parametrize("protocol", [0, 2, 4])
    def test_are_refused_by_name(self, name: str, protocol: int, tmp_path: Path) -> None:
        marker = Path("/tmp/lgc-was-here")
        marker.unlink(missing_ok=True)
        text = pickle.dumps({"a.weights": CALLS[name]}, protocol)
        expected = name.replace("builtins", "__builtin__") if protocol < 3 and name.startswith("builtins") else name
        assert expected in refused(save(tmp_path / "x.pt", text))
        assert not marker.exists()

    def test_a_class_is_never_instantiated(self, tmp_path: Path) -> None:
        # NEWOBJ on any class gives an inert stand-in, which is no model.
        text = b"\x80\x02csubprocess\nPopen\n)\x81}X\x04\x00\x00\x00argsX\x02\x00\x00\x00idsb."
        assert "no known family" in refused(save(tmp_path / "x.pt", text))

    def test_instance_opcodes_are_unknown(self, tmp_path: Path) -> None:
        message = refused(save(tmp_path / "x.pt", b"(S'id'\nios\nsystem\n."))
        assert "opcode INST" in message


class TestSizes:
    def test_numpy_reconstruct_of_a_huge_shape(self, tmp_path: Path) -> None:
        text = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
        state = pickle.dumps((1, (1 << 40, 1 << 20), None, False, b"x" * 8), 3)[2:-1]
        state = state.replace(b"N", b"cnumpy\ndtype\nX\x02\x00\x00\x00f8\x89\x88\x87R")
        assert "claims" in refused(save(tmp_path / "x.pt", text + state + b"b."))

    @pytest.mark.parametrize("shape", [(1 << 20, 1 << 20), (1 << 47,), (10, 10)])
    def test_a_tensor_larger_than_its_storage(self, shape: tuple[int, ...], tmp_path: Path) -> None:
        text = tensor_pickle(shape, tuple(0 if len(shape) > 1 else 1 for _ in shape), 3)
        message = refused(save(tmp_path / "x.pt", text, **{"0": b"\0" * 12}))
        assert "reaches beyond" in message or "holds no model" in message

    @pytest.mark.parametrize("stride", [(-1,), (1 << 60,), (1.5,), (True,)])
    def test_strides_that_are_no_counts(self, stride: tuple, tmp_path: Path) -> None:
        text = tensor_pickle((2,), stride, 3)
        assert "described wrongly" in refused(save(tmp_path / "x.pt", text, **{"0": b"\0" * 12}))

    def test_a_storage_larger_than_its_record(self, tmp_path: Path) -> None:
        text = tensor_pickle((2,), (1,), 1 << 40)
        assert "claims" in refused(save(tmp_path / "x.pt", text, **{"0": b"\0" * 12}))

    def test_a_memo_of_huge_indices(self, tmp_path: Path) -> None:
        text = b"\x80\x02" + b"".join(b"}r" + struct.pack("<I", 0xFFFFFFFF - i) + b"0" for i in range(1000)) + b"N."
        refused(save(tmp_path / "x.pt", text))

    def test_a_million_steps(self, tmp_path: Path) -> None:
        assert "steps" in refused(save(tmp_path / "x.pt", b"\x80\x02" + b"]" * 2_000_000 + b"."))

    def test_a_description_of_many_megabytes(self, tmp_path: Path) -> None:
        assert "bytes long" in refused(save(tmp_path / "x.pt", b"\x80\x02" + b"]" * (33 << 20) + b"."))

    def test_one_list_shared_a_billion_times(self, tmp_path: Path) -> None:
        text = b"\x80\x02}(X\x03\x00\x00\x00w.w" + tensor_pickle((1,), (1,), 1)[2:-1] + b"X\x01\x00\x00\x00z]"
        for level in range(6):
            text += b"q" + bytes([level]) + b"0](" + b"h" + bytes([level]) + (b"h" + bytes([level])) * 999 + b"e"
        message = refused(save(tmp_path / "x.pt", text + b"u.", **{"0": b"\0" * 4}))
        assert "values" in message or "damaged" in message

    def test_the_same_bfloat16_storage_many_times(self, tmp_path: Path) -> None:
        storage = torch.zeros(1 << 22, dtype=torch.bfloat16)
        torch.save({f"{i}.w": storage[i:] for i in range(20)}, tmp_path / "x.pt")
        assert "larger than the file" in refused(tmp_path / "x.pt")

    def test_bytes_encoded_again_and_again(self, tmp_path: Path) -> None:
        text = b"\x80\x02]X" + struct.pack("<I", 8 << 20) + b"x" * (8 << 20) + b"q\x000"
        text += b"c_codecs\nencode\nq\x010(" + b"h\x01h\x00X\x06\x00\x00\x00latin1\x86R" * 100 + b"t."
        assert "spells bytes" in refused(save(tmp_path / "x.pt", text))

    def test_text_to_int_of_a_huge_literal(self, tmp_path: Path) -> None:
        refused(save(tmp_path / "x.pt", b"\x80\x02L" + b"9" * 5_000_000 + b"L\n."))


def tensor_pickle(shape: tuple, stride: tuple, count: int) -> bytes:
    """A pickled tensor: GLOBAL rebuild, persistent storage, offset, size, stride."""
    token = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"
    token += pickle.dumps(count, 2)[2:-1] + b"tQ"
    rest = b"K\x00" + pickle.dumps(shape, 2)[2:-1] + pickle.dumps(stride, 2)[2:-1]
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + token + rest + b"\x89NtR."


class TestNesting:
    @pytest.mark.parametrize("opening", [b"]", b"(t", b"\x85", b"}X\x01\x00\x00\x00a"])
    def test_deep_containers(self, opening: bytes, tmp_path: Path) -> None:
        depth = 100_000
        if opening == b"\x85":
            text = b"N" + b"\x85" * depth
        elif opening == b"]":
            text = b"]" * depth + b"a" * (depth - 1)
        else:
            text = opening * depth + b"N" + (b"s" if opening.startswith(b"}") else b"") * depth
        refused(save(tmp_path / "x.pt", b"\x80\x02" + text + b"."))

    def test_a_deep_tuple_as_a_key(self, tmp_path: Path) -> None:
        text = b"\x80\x02}N" + b"\x85" * 100_000 + b"Ns."
        refused(save(tmp_path / "x.pt", text))

    def test_a_list_that_holds_itself(self, tmp_path: Path) -> None:
        refused(save(tmp_path / "x.pt", b"\x80\x02}X\x03\x00\x00\x00w.w]q\x00h\x00as."))


class TestZip:
    def test_a_bomb(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "x.pt", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("archive/data.pkl", b"\0" * (8 << 20))
        assert "compressed" in refused(tmp_path / "x.pt")

    def test_a_bomb_in_an_npz(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("gate_types.npy", b"\0" * (1 << 20))
        data = bytearray((tmp_path / "x.npz").read_bytes())
        entry = data.rfind(b"PK\x01\x02")
        data[entry + 24 : entry + 28] = struct.pack("<I", 1 << 30)  # as an honest bomb would say
        (tmp_path / "x.npz").write_bytes(data)
        assert "larger than" in refused(tmp_path / "x.npz")

    def test_a_bomb_in_an_npz_that_understates_its_size(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("gate_types.npy", b"\0" * (64 << 20))
        data = bytearray((tmp_path / "x.npz").read_bytes())
        entry = data.rfind(b"PK\x01\x02")
        data[entry + 24 : entry + 28] = struct.pack("<I", 100)
        (tmp_path / "x.npz").write_bytes(data)
        assert "not a readable .npz" in refused(tmp_path / "x.npz")

    def test_an_npz_of_a_huge_shape(self, tmp_path: Path) -> None:
        buffer = io.BytesIO()
        header = {"descr": "<i8", "fortran_order": False, "shape": (1 << 40, 1 << 10)}
        np.lib.format.write_array_header_1_0(buffer, header)
        with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
            archive.writestr("gate_types.npy", buffer.getvalue())
        assert "does not fit" in refused(tmp_path / "x.npz")

    def test_an_npz_of_pickles(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "x.npz", gate_types=np.array([Reduced(os.system, "touch /tmp/lgc-was-here")], object))
        refused(tmp_path / "x.npz")
        assert not Path("/tmp/lgc-was-here").exists()

    @pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "archive/../../x"])
    def test_names_that_climb(self, name: str, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
            archive.writestr("archive/data.pkl", b"\x80\x02}.")
            archive.writestr(name, b"x")
        assert "record names" in refused(tmp_path / "x.pt")

    def test_records_of_one_name(self, tmp_path: Path) -> None:
        path = save(tmp_path / "x.pt", b"\x80\x02}.")
        with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("archive/data.pkl", b"\x80\x02N.")
        assert "record names" in refused(path)

    def test_overlapping_records(self, tmp_path: Path) -> None:
        path = save(tmp_path / "x.pt", tensor_pickle((2,), (1,), 2), **{"0": b"\0" * 64, "1": b"\0" * 64})
        data = bytearray(path.read_bytes())
        # Both directory entries of the storages point at the first one.
        first = data.rfind(b"PK\x01\x02", 0, data.rfind(b"PK\x01\x02"))
        last = data.rfind(b"PK\x01\x02")
        data[last + 42 : last + 46] = data[first + 42 : first + 46]
        path.write_bytes(data)
        assert "overlap" in refused(path)

    def test_a_directory_of_gigabytes(self, tmp_path: Path) -> None:
        path = save(tmp_path / "x.pt", b"\x80\x02}.")
        data = bytearray(path.read_bytes())
        data[-10:-6] = struct.pack("<I", 1 << 30)
        path.write_bytes(data)
        assert "directory" in refused(path)

    def test_a_torchscript_program(self, tmp_path: Path) -> None:
        path = save(tmp_path / "x.pt", b"\x80\x02}.")
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("archive/constants.pkl", b"\x80\x02).")
        assert "TorchScript" in refused(tmp_path / "x.pt")


class TestOldFormat:
    def test_reads_like_the_new_one(self, tmp_path: Path) -> None:
        state = {"a.b": torch.arange(6.0).reshape(2, 3).T, "c.d": torch.ones(3, dtype=torch.bfloat16), "n": 3}
        torch.save(state, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
        content = read_pt(tmp_path / "old.pt")
        np.testing.assert_array_equal(content["a.b"], state["a.b"].numpy())
        np.testing.assert_array_equal(content["c.d"], [1, 1, 1])
        assert content["n"] == 3

    def test_truncated_anywhere(self, tmp_path: Path) -> None:
        torch.save({"a.w": torch.ones(50)}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
        data = (tmp_path / "old.pt").read_bytes()
        for cut in range(20, len(data), 17):
            (tmp_path / "cut.pt").write_bytes(data[:cut])
            with pytest.raises(LgcError):
                read_pt(tmp_path / "cut.pt")

    def test_a_call(self, tmp_path: Path) -> None:
        torch.save({"a": 1}, tmp_path / "x.pt", _use_new_zipfile_serialization=False)
        data = (tmp_path / "x.pt").read_bytes()
        evil = pickle.dumps(CALLS["posix.system"], 2)
        (tmp_path / "x.pt").write_bytes(data[: data.index(b"\x80\x02}q\x00X\x01")] + evil)
        assert "posix.system" in refused(tmp_path / "x.pt")


class TestDamage:
    def test_truncated_anywhere(self, tmp_path: Path) -> None:
        source = Path(__file__).parents[2] / "examples/mnist/mnist-8k.pt"
        data = source.read_bytes()
        for cut in [*range(0, 400, 23), *range(400, len(data), 4999), len(data) - 1]:
            (tmp_path / "cut.pt").write_bytes(data[:cut])
            with pytest.raises(LgcError):
                read_model(tmp_path / "cut.pt")

    def test_safetensors_truncated_anywhere(self, tmp_path: Path) -> None:
        data = (Path(__file__).parents[2] / "examples/mnist/mnist-8k.safetensors").read_bytes()
        for cut in [*range(0, 600, 37), *range(600, len(data), 9001), len(data) - 1]:
            (tmp_path / "cut.safetensors").write_bytes(data[:cut])
            with pytest.raises(LgcError):
                read_model(tmp_path / "cut.safetensors")

    @settings(max_examples=200)
    @given(
        data=st.binary(max_size=200),
        head=st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02", b"aag ", b"aig ", b".model"]),
    )
    def test_random_bytes(self, data: bytes, head: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
        path = tmp_path_factory.getbasetemp() / "random.bin"
        path.write_bytes(head + data)
        with pytest.raises(LgcError):
            read_file(path)

    @settings(max_examples=300)
    @given(text=st.binary(max_size=80))
    def test_random_pickles(self, text: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
        path = save(tmp_path_factory.getbasetemp() / "random.pt", b"\x80\x02" + text)
        try:
            read_file(path)
        except LgcError:
            return
        pytest.fail("random bytes made a network")

    def test_missing_and_folder(self, tmp_path: Path) -> None:
        refused(tmp_path / "absent.pt")
        refused(tmp_path)
