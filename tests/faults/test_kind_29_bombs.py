"""Kind 29: no file of at most 10 MB takes a reader more than 2 seconds or 500 MB, whatever is in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lgc import bounds
from lgc.errors import InputError, LgcError, NetlistError, OptionError
from lgc.frontend import Layer, Model, lower
from lgc.frontend.registry import read_file
from lgc.ir import Encoder, Head, interp

sys.path.insert(0, str(Path(__file__).parent))
import bomb_files
import bomb_netlists
import bombs
import soup

QUICK = (
    "checkpoint/features", "checkpoint/colliding-keys", "checkpoint/colliding-memo", "checkpoint/nested-modules",
    "checkpoint/prefixes", "checkpoint/expanded", "checkpoint/npy", "checkpoint/safetensors-nested", "netlist/newlines",
    "netlist/lgn-inputs", "netlist/lgn-quotes", "netlist/blif-wide", "netlist/aiger-header", "netlist/aiger-inputs",
    "verilog/open-attributes", "verilog/macro-of-itself",
    "verilog/replications", "data/shape", "data/labels", "data/bits", "data/broadcast",
    "vectors/shape", "sidecar/nested", "sidecar/strings", "facts/dotted-key", "facts/hex-digits", "image/dimensions",
)  # fmt: skip


def measured(*names: str) -> list[dict[str, object]]:
    command = [sys.executable, bombs.__file__, "--json", *names]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=1500, env={**os.environ, "LGC_READ_LIMIT": ""}
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_is_quick_to_make() -> None:
    """One process reads them all; the time is the processor's, the memory above that of the imports."""
    found = measured(*QUICK)
    assert len(found) > len(QUICK)
    assert not [row for row in found if bombs.is_bad(row)]
    assert max(int(str(row["size"])) for row in found) <= bombs.LARGEST


@pytest.mark.slow
def test_every_bomb() -> None:
    found = measured()
    assert len(found) > 100
    assert not [row for row in found if bombs.is_bad(row)]


def souped(*arguments: int) -> list[dict[str, object]]:
    command = [sys.executable, soup.__file__, "--json", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_patterns_take_time_in_proportion() -> None:
    """Of a text of one fragment over and over, a tenth as long as the bound allows: a square would show already."""
    assert not [row for row in souped(soup.SIZE // 10, 9) if soup.is_bad(row)]


@pytest.mark.slow
def test_patterns_of_all_fragments() -> None:
    assert not [row for row in souped(soup.SIZE) if soup.is_bad(row)]


class TestTextsOfVerilog:
    def test_models_are_taken_out_with_their_attributes(self) -> None:
        from lgc.verify.formal.rtl import without_models

        model = "module LUT2(input A);\n  wire x;\nendmodule"
        for before in ("", "(* a *)", "(* a *) (* b = 1 *)\n", "(* a *)\n(* b *)\n\n", "(**)(* c *) "):
            text = f"module a; endmodule\n{before}{model}\nmodule b; endmodule\n"
            assert without_models(text) == "module a; endmodule\n\nmodule b; endmodule\n"
        for kept in ("wire y; module LUT2(a); endmodule", "module LUT2(a);", "module LUT22; endmodule"):
            assert without_models(kept) == kept

    def test_signs_without_end(self, tmp_path: Path) -> None:
        path = save(tmp_path / "x.v", bomb_netlists.verilog("assign o =\n" + "~(" * 40_000 + "a;"))
        with pytest.raises(NetlistError, match=r"x\.v:3.*signs without a name"):
            read_file(path)

    def test_blanks_are_no_signs(self, tmp_path: Path) -> None:
        path = save(tmp_path / "x.v", bomb_netlists.verilog("assign o = a" + " \n;" + "\n" * 100_000))
        assert read_file(path).result.netlist.num_outputs == 1

    @pytest.mark.parametrize("end", ["a[-", "a[", "a[1", "a", "{2", "a[1:"])
    def test_a_text_that_breaks_off(self, end: str, tmp_path: Path) -> None:
        """The structural reader looks ahead, and there is nothing."""
        with pytest.raises(LgcError):
            read_file(save(tmp_path / "x.v", f"module m(input a, output o);\nassign o = {end}".encode()))

    def test_modules_longer_than_a_piece(self, tmp_path: Path) -> None:
        """The structural reader takes a text in pieces; an escaped name may end where one does."""
        nets = "".join(f"wire w{i};\nassign w{i} = {f'w{i - 1}' if i else 'a'};\n" for i in range(5000))
        path = save(
            tmp_path / "x.v", bomb_netlists.verilog(nets + "wire \\a; ;\nassign \\a; = w4999;\nassign o = \\a; ;")
        )
        circuit = read_file(path).result
        assert interp.scores(circuit, np.array([[0], [1]], np.bool_))[:, 0].tolist() == [0, 1]


def save(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


class TestLimit:
    def test_it_is_named_and_raises_the_bound(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        lines = b"".join(b'meta "%d" ""\n' % index for index in range(5000))
        path = save(tmp_path / "x.lgn", bomb_netlists.lgn().replace(b"end", lines + b"end"))
        with pytest.raises(NetlistError, match="set LGC_READ_LIMIT=2"):
            read_file(path)
        monkeypatch.setenv("LGC_READ_LIMIT", "2")
        assert len(read_file(path).result.metadata) == 5000

    @pytest.mark.parametrize("value", ["0", "-1", "much", "nan", "1e9", "0.5"])
    def test_it_is_a_number(self, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LGC_READ_LIMIT", value)
        with pytest.raises(OptionError, match="LGC_READ_LIMIT"):
            bounds.scaled(1)

    def test_a_small_file_may_hold_much_where_it_is_true(self, tmp_path: Path) -> None:
        """Bounds are relative to the file: what is not packed is never too much."""
        from lgc.data import read_table

        np.savez(tmp_path / "x.npz", X=np.zeros((10_000, 9_000), np.uint8))
        assert read_table(tmp_path / "x.npz").samples.shape == (10_000, 9_000)


def test_a_layer_that_could_read_far_more_than_it_does() -> None:
    """Sources are repeated and skipped: each wire is the net that it was when all were listed."""
    rng = np.random.default_rng(29)
    one = Layer("a", rng.integers(0, 12, (7, 2)), np.full(7, 6, np.uint64), (0, -1, 0))
    sources = (1, 0, 1, -1)
    wide = Layer("b", rng.integers(0, 7 + 5 + 7 + 2, (6, 3)), np.full(6, 0x96, np.uint64), sources)
    model = Model("m", Encoder(5), (one, wide), Head.equal_groups(6, ("x", "y")))
    bits = rng.integers(0, 2, (64, 5)).astype(np.bool_)
    constants = np.tile([False, True], (64, 1))
    first = np.concatenate([bits, constants, bits], axis=1)[:, one.wires]
    first = first[..., 0] ^ first[..., 1]
    both = np.concatenate([first, bits, first, constants], axis=1)[:, wide.wires]
    expected = (both.sum(axis=2) % 2 == 1).reshape(64, 2, 3).sum(axis=2)
    np.testing.assert_array_equal(interp.scores(lower(model), bits), expected)


class TestWhatStaysReadable:
    def test_keys_of_any_size_and_of_one_hash(self, tmp_path: Path) -> None:
        """They are kept as text, which no one can make collide."""
        path = save(tmp_path / "x.pt", bomb_files.colliding(200))
        with pytest.raises(LgcError, match="no known family"):
            read_file(path)

    def test_prefixes_of_wrappers(self, tmp_path: Path) -> None:
        from lgc.frontend.containers.content import read_content

        data = bomb_files.many_tensors(iter(["_orig_mod.module.module.a.b"]))
        assert list(read_content(save(tmp_path / "x.pt", data)).state) == ["a.b"]

    def test_rows_of_a_cover_that_repeat(self, tmp_path: Path) -> None:
        path = save(tmp_path / "x.blif", bomb_netlists.blif(".names a b o\n" + "11 1\n" * 50 + "0- 1\n"))
        circuit = read_file(path).result
        bits = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.bool_)
        assert interp.scores(circuit, bits)[:, 0].tolist() == [1, 1, 0, 1]

    def test_a_directive_or_module_after_blank_lines(self, tmp_path: Path) -> None:
        from lgc.frontend.containers.content import read_content
        from lgc.frontend.registry import recognise

        for text in (
            b"\n" * 1000 + b"  module m(",
            b"(* top *)\nmodule m(",
            b"\t(* top *) module m(",
            b"\n\nmacromodule x(",
        ):
            assert recognise(read_content(save(tmp_path / "x.v", text))).family == "verilog"


@pytest.mark.parametrize(("text", "what"), [("a" + ".a" * 200 + "=1", "parts"), ("a = " + "[" * 90_000, "nested")])
def test_toml_says_what_is_wrong(text: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises((InputError, ValueError), match=what):
        bounds.read_toml(tmp_path / "x.toml")


def test_numbers_with_points_are_no_long_keys() -> None:
    text = "a = [" + ", ".join(["0.25"] * 5000) + "]\nb.c.d = 1\n# " + "." * 80
    assert len(bounds.parse_toml(text)["a"]) == 5000
