"""Kind 6: `lgc verify` calls every function of the C code, on its edges, and knows a text that was changed."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from cli import save, small_model

import lgc
from lgc.backend.c.format import with_digest
from lgc.driver.comparing import comparing, device_under_test, model_of
from lgc.driver.verify_request import VerifyRequest
from lgc.errors import InputError, LgcError, MismatchError
from lgc.ir import Encoder
from lgc.progress import Silence
from lgc.verify.features import bits_above, bytes_for, floats_for

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(5)
    grid = np.sort(rng.integers(1, 250, (40, 2)), axis=1) / 255
    first, second = small_model().layers
    wide = replace(first, wires=rng.permutation(80)[:48].reshape(24, 2))
    return save(tmp_path_factory.mktemp("model") / "model.pt", encoder=Encoder(40, grid), layers=(wide, second))


def emitted(model: Path, folder: Path, *settings: str) -> Path:
    return lgc.compile(model, folder / "net.c", settings=("u8-scale=255", *settings)).path


def test_a_changed_text_is_refused(model: Path, tmp_path: Path) -> None:
    """Whatever was changed: a comment, a blank at the end, the digest itself, a line put before it."""
    file = emitted(model, tmp_path)
    text = file.read_text(encoding="utf-8")
    digest = re.search(r"^ \* text    ([0-9a-f]{64})$", text, re.M)
    assert digest and text.split("\n")[1] == digest[0]
    other = digest[1].translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))
    for edited in (
        text.replace("Do not edit.", "Do edit."),
        text + "\n",
        text.replace(digest[1], other),
        text.replace(f"{digest[0]}\n", ""),
        text.replace(f"{digest[0]}\n", f" * and {digest[0]}\n"),
        text.replace("evaluate", "evaluated"),
    ):
        assert edited != text
        file.write_text(edited, encoding="utf-8")
        with pytest.raises(InputError, match=r"was changed after lgc wrote it|was not written by lgc"):
            lgc.verify(model, file, random=1, directed=False)


FAULTS = {
    "run_bools": ("to[i * step] = compare_bytes(row + i * LANE_BITS, ones, BITS % LANE_BITS);", "to[i * step] = 0;"),
    "run_u8": ("to[i * step] = compare_bytes(x, limit, LANE_BITS) & REACHABLE(i);", "to[i * step] = 0;"),
    "run_f32": ("DEFINE_ROW(f32, float)", "#define row_f32(row, to, step) row_f64((const double *)(row), to, step)"),
    "run_f64": ("row[bit / THRESHOLDS] > threshold[bit]", "row[bit / THRESHOLDS] >= threshold[bit]"),
    "run_planes": ("planes[i * words + at / 64u]", "planes[i * (words - 1u) + at / 64u]"),
    "a byte that is no 1": ("(lane)(x[i] >= limit[i])", "(lane)(x[i] == limit[i])"),
    "a byte and another threshold": ("limit = least + i * LANE_BITS;", "limit = least + i * LANE_BITS + 1;"),
    "batches of 64": ("size_t samples = n < V * BLOCK_SAMPLES ? n", "size_t samples = n == 64u ? 63u : n < V * BLOCK_SAMPLES ? n"),  # noqa: E501
    "the last of a batch": ("SAMPLE(j, r) < samples; r++)\n                put", "SAMPLE(j, r) + 1u < samples + (samples != 33u); r++)\n                put"),  # noqa: E501
    "classes without scores": ("        if (classes)\n", "        if (classes && scores)\n"),
    "beyond the results": ("classes[SAMPLE(j, r)] = (int32_t)block[r].l[j];", "classes[SAMPLE(j, r)] = (int32_t)block[r].l[j], classes[samples] = 0;"),  # noqa: E501
    "beyond the memory": ("    while (n > 0) {", "    ((uint8_t *)memory)[NAME(workspace_size)()] = 0;\n    while (n > 0) {"),  # noqa: E501
    "words of 32 bits": ("#define REACHABLE(i) ((lane)(reachable[(i) / 2u] >> 32u * ((i) & 1u)))", "#define REACHABLE(i) 0u"),  # noqa: E501
    "the self-test": ("all != SELFTEST_HASH", "all == SELFTEST_HASH"),
}  # fmt: skip
SLOW = (
    "run_bools",
    "a byte and another threshold",
    "the last of a batch",
    "beyond the memory",
    "run_planes",
    "run_f32",
    "run_f64",
    "a byte that is no 1",
    "batches of 64",
    "classes without scores",
    "beyond the results",
)


@pytest.mark.parametrize("name", [pytest.param(one, marks=[pytest.mark.slow] * (one in SLOW)) for one in FAULTS])
def test_a_fault_in_one_function(name: str, model: Path, tmp_path: Path) -> None:
    """A difference; or not checked, where memory is written that is nobody's."""
    file = emitted(model, tmp_path, "main=yes")
    text = file.read_text(encoding="utf-8")
    old, new = FAULTS[name]
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(LgcError) as error:
        lgc.verify(model, file, random=70, force=True)
    beyond = name.startswith("beyond") or name == "the self-test"
    if name != "batches of 64":  # in words of 32 bits it writes beyond its memory too
        assert isinstance(error.value, MismatchError) != beyond, error.value
    if beyond:
        assert "not checked" in str(error.value)
    elif name.startswith("run_"):
        assert f"({name})" in str(error.value)


WORDS = {f"words of {bits} bits" for bits in (32, 64, 128, 256, 512)}


@pytest.mark.slow
def test_all_entries_are_equal_where_nothing_was_changed(model: Path, tmp_path: Path) -> None:
    """Code that lgc writes of the circuit runs as it is built here; any other in words of every size too."""
    verdict = lgc.verify(model, emitted(model, tmp_path, "main=yes"), random=70)
    kinds = {one.kind for one in verdict.report.sets}
    assert "other entries" in kinds and not kinds & WORDS
    verdict = lgc.verify(model, emitted(model, tmp_path, "main=yes", "part-size=16"), random=70)
    assert {one.kind for one in verdict.report.sets} > {"other entries", *WORDS}


def test_what_is_built_for_other_words(model: Path, tmp_path: Path) -> None:
    """A changed line with a digest of its own is not what lgc writes, wherever it is, and runs in every word size."""
    file = emitted(model, tmp_path)
    text = file.read_text(encoding="utf-8")
    for old, new in (
        ("", ""),
        ("#define REACHABLE(i) ((lane)(", "#define REACHABLE(i) (~(lane)("),
        ("size_t first, start, samples;", "size_t first, start, samples; first = 32u / LGC_WORD_BITS;"),
        ("\n#define SLOTS ", "\n#if LGC_WORD_BITS == 128\n#error\n#endif\n#define SLOTS "),
    ):
        assert old in text
        title, _, rest = text.replace(old, new, 1).partition("\n")
        file.write_text(with_digest(f"{title}\n{rest.partition(chr(10))[2]}"), encoding="utf-8")
        asked = VerifyRequest(model, file)
        with comparing(asked, model_of(asked, Silence()), device_under_test(asked), Silence()) as comparison:
            comparison.device.check_fits(comparison.circuit)
            assert {one.name for one in comparison.device.views()} == {
                "other entries",
                "the other kernel",
                *(WORDS if old else ()),
            }


@pytest.mark.parametrize("scale", [1, 255, 100])
def test_bytes_lie_on_both_sides_of_every_threshold(scale: int) -> None:
    thresholds = np.array([[0.0, 1.0], [0.5, 0.5], [-1.0, 2.0], [0.1, 300.0]])
    encoder, bits = Encoder(4, thresholds), np.random.default_rng(0).random((300, 8)) < 0.5
    rows = bytes_for(encoder, bits, np.arange(256) / scale)
    given = encoder.encode(rows / scale)
    np.testing.assert_array_equal(encoder.encode(bytes_for(encoder, given, np.arange(256) / scale) / scale), given)
    for feature, row in enumerate(thresholds):
        least = np.searchsorted(np.arange(256) / scale, row, side="right")
        edges = {int(one) for one in [*least, *(least - 1)] if 0 <= one < 256}
        assert edges <= set(rows[:, feature].tolist()), (feature, edges)


def test_floats_lie_on_both_sides_of_every_threshold() -> None:
    grid: Sequence[Sequence[float]] = [[0.1, 0.3], [0.5, 0.5], [-1e300, 1e300], [0.1, float(np.nextafter(0.1, 1))]]
    encoder, bits = Encoder(4, np.array(grid)), np.random.default_rng(0).random((300, 8)) < 0.5
    rows = floats_for(encoder, bits)
    assert rows.dtype == np.float32 and np.isnan(rows).any() and np.isposinf(rows).any() and np.isneginf(rows).any()
    given = bits_above(encoder, rows)
    np.testing.assert_array_equal(bits_above(encoder, floats_for(encoder, given)), given)
    below, above = np.float32(0.5), np.nextafter(np.float32(0.5), np.float32(1))
    assert {float(below), float(above)} <= set(rows[:, 1].tolist())
