"""What a file does not say is asked for by name, and what cannot be right is refused; nothing is guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import peer_files as peers
import peer_luts as luts
import peer_torchlogix as tlx
import pytest
import torch

from lgc.errors import LgcError
from lgc.frontend import ImportOptions, load_model, lower
from lgc.frontend.facts import FACTS, MissingFactError
from lgc.frontend.families.difflogic import DATASETS
from lgc.frontend.registry import read_file
from lgc.ir.interp import classify, scores


def message_of(path: Path, options: dict[str, Any] | None = None, config: dict[str, Any] | None = None) -> str:
    with pytest.raises(LgcError) as caught:
        read_file(path, ImportOptions(options or {}, config or {}))
    return str(caught.value)


def edit(path: Path, **changes: Any) -> Path:
    """Change tensors of a state dict; None deletes one. ``__`` stands for a dot."""
    state = torch.load(path, weights_only=True)
    for name, value in changes.items():
        key = name.replace("__", ".").removeprefix("_")
        if value is None:
            del state[key]
        else:
            state[key] = value(state[key]) if callable(value) else value
    torch.save(state, path)
    return path


CASES = [
    (peers.lilogic, {}, [], "--classes"),
    (peers.lilogic, {"wiring": "indices"}, ["classes"], "--features"),
    (peers.difflogic, {}, ["classes", "features", "preamble", "check"], "--seed"),
    (peers.difflogic, {}, ["classes", "features", "preamble", "seed"], "--check"),
    (peers.difflogic, {}, ["classes", "features", "check", "seed"], "--preamble"),
    (peers.difflogic, {}, ["classes", "preamble", "check", "seed"], "--features"),
    (peers.salon64, {}, ["classes"], "--features"),
    (peers.compactlogic_conv, {}, ["classes"], "--features"),
    (luts.dwn, {}, ["classes"], "--features"),
    (tlx.dense, {"kind": "warp"}, ["classes", "features"], "--parametrization"),
    (tlx.dense, {"kind": "light", "rank": 4}, ["classes", "features"], "--parametrization"),
    (tlx.dense, {"binarization": "learned"}, ["classes"], "--torchlogix-version"),
    (tlx.dense, {"binarization": "learned"}, ["classes", "torchlogix_version"], "--config"),
    (tlx.dense, {"binarization": "global"}, ["classes"], "--features"),
    (tlx.conv, {}, [], "--config"),
]


class TestMissingFacts:
    @pytest.mark.parametrize(("writer", "arguments", "kept", "flag"), CASES)
    def test_the_flag_is_named(self, writer, arguments, kept, flag, tmp_path: Path) -> None:
        file = writer(tmp_path / "net.pth", **arguments)
        given = {name: value for name, value in file.options.items() if name in kept}
        with pytest.raises(MissingFactError) as caught:
            read_file(file.path, ImportOptions(given))
        assert flag in str(caught.value)
        assert FACTS[caught.value.fact].meaning in str(caught.value)

    def test_widths_of_an_npz(self, tmp_path: Path) -> None:
        file = peers.lilogic_npz(tmp_path / "net.npz", widths=(30, 20))
        assert "--widths" in message_of(file.path, {"features": 9, "classes": 5})

    def test_the_class_count_can_leave_one_width(self, tmp_path: Path) -> None:
        file = peers.lilogic_npz(tmp_path / "net.npz", widths=(23, 20))
        imported = read_file(file.path, ImportOptions({"features": 9, "classes": 5}))
        assert imported.result.layers[-1].width == 20
        assert any("only multiple" in note for note in imported.job.certain)

    def test_a_full_last_layer_is_certain(self, tmp_path: Path) -> None:
        file = peers.lilogic_npz(tmp_path / "net.npz", widths=(20, 30))
        model = load_model(file.path, ImportOptions({"features": 9, "classes": 5}))
        x = np.random.default_rng(0).integers(0, 2, (300, 9))
        np.testing.assert_array_equal(scores(lower(model), x > 0), file.scores(x))


class TestAmbiguity:
    def test_pass_through_of_equal_width_is_asked_for(self, tmp_path: Path) -> None:
        # Second layer: the input and the stage before are equally wide, so both options fit.
        random = np.random.default_rng(0)
        state, reads = {}, 8
        for index in range(3):
            state[f"layers.{2 * index}.c"] = torch.from_numpy(random.standard_normal((reads, 16)).astype(np.float32))
            state[f"layers.{2 * index + 1}.w"] = torch.from_numpy(random.standard_normal((16, 8)).astype(np.float32))
            reads = 16
        torch.save(state, tmp_path / "net.pth")
        assert "--pass-input" in message_of(tmp_path / "net.pth", {"classes": 2})
        for choice in (True, False):
            load_model(
                tmp_path / "net.pth",
                ImportOptions({"classes": 2, "pass_input": choice, "pass_residual": not choice}),
            )

    def test_the_authors_environment_file_settles_it(self, tmp_path: Path) -> None:
        file = peers.lilogic(tmp_path / "net.pth", wiring="indices", pass_input=True)
        config = {"PASS_INPUT_TO_ALL_LAYERS": "1", "PASS_RESIDUAL": "0", "NUMBER_OF_CATEGORIES": 4}
        model = load_model(file.path, ImportOptions({"features": 12}, config))
        x = np.random.default_rng(0).integers(0, 2, (300, 12))
        np.testing.assert_array_equal(scores(lower(model), x > 0), file.scores(x))

    def test_raw_rank_two_or_rank_four(self, tmp_path: Path) -> None:
        # (N, 16) is raw at rank 2 and light at rank 4: the wiring decides, never the shape.
        assert tlx.dense(tmp_path / "a.pth").options.get("parametrization") is None
        four = tlx.dense(tmp_path / "b.pth", kind="light", rank=4)
        assert "cannot be 'raw'" in message_of(four.path, four.options | {"parametrization": "raw"})


class TestDifflogicCheck:
    def test_a_wrong_seed_is_refused(self, tmp_path: Path) -> None:
        file = peers.difflogic(tmp_path / "net.pth")
        assert "no replayed wiring passes" in message_of(file.path, file.options | {"seed": 4})

    @pytest.mark.parametrize(
        "wrong", [{"preamble": 0}, {"built_on": "cpu"}, {"connections": "random"}, {"min_accuracy": 1.01}]
    )
    def test_a_wrong_recipe_is_refused(self, wrong: dict[str, Any], tmp_path: Path) -> None:
        file = peers.difflogic(tmp_path / "net.pth")
        assert "no replayed wiring passes" in message_of(file.path, file.options | wrong)

    def test_a_reference_netlist(self, tmp_path: Path) -> None:
        from lgc.ir import to_text

        file = peers.difflogic(tmp_path / "net.pth", built_on="cpu")
        good = load_model(file.path, ImportOptions(file.options))
        (tmp_path / "ref.lgn").write_text(to_text(lower(good)))
        options = file.options | {"check": str(tmp_path / "ref.lgn")}
        imported = read_file(file.path, ImportOptions(options))
        assert imported.result.digest() == good.digest()
        assert any("match on" in note and "built on cpu" in note for note in imported.job.certain)
        assert "no replayed wiring passes" in message_of(file.path, options | {"built_on": "cuda"})

    def test_labels_that_say_nothing(self, tmp_path: Path) -> None:
        file = peers.difflogic(tmp_path / "net.pth")
        np.savez(tmp_path / "check.npz", X=np.zeros((50, 21)), y=np.zeros(50, int))
        assert "any network could pass" in message_of(file.path, file.options)

    def test_the_data_sets_of_the_experiments(self) -> None:
        assert DATASETS["cifar-10-3-thresholds"]["thresholds"] == [0.25, 0.5, 0.75]
        assert DATASETS["cifar-10-31-thresholds"]["thresholds"][-1] == 31 / 32

    def test_threshold_major_encoding(self, tmp_path: Path) -> None:
        """Bit t*F + f is x[f] > thresholds[t], as difflogic's CIFAR-10 experiments concatenate planes."""
        file = peers.salon64(tmp_path / "net.pth")  # 11 bits; read as one feature of 11 thresholds, then as 11 of one
        model = load_model(
            file.path,
            ImportOptions(
                {"classes": 3, "thresholds": [k / 11 for k in range(11)], "features": 1, "bit_order": "threshold-major"}
            ),
        )
        x = np.random.default_rng(0).random((200, 1))
        planes = (x[:, None, :] > np.arange(11)[None, :, None] / 11).reshape(200, -1)
        np.testing.assert_array_equal(scores(lower(model), model.encoder.encode(x)), file.scores(planes))

    def test_threshold_major_encoding_of_many_features(self, tmp_path: Path) -> None:
        random = np.random.default_rng(0)
        layers = peers.draw_stack(random, 12, [20, 15])
        state = {}
        for index, (ids, a, b) in enumerate(layers):
            state[f"{index}.weights"] = peers.one_hot_logits(random, ids, 16, -1)
            state[f"{index}.conn_a"], state[f"{index}.conn_b"] = torch.from_numpy(a), torch.from_numpy(b)
        torch.save(state, tmp_path / "net.pth")
        options = {"classes": 3, "thresholds": [0.25, 0.5, 0.75], "features": 4, "bit_order": "threshold-major"}
        model = load_model(tmp_path / "net.pth", ImportOptions(options))
        x = random.integers(0, 5, (300, 4)) / 4  # often exactly a threshold
        planes = np.concatenate([x > t for t in (0.25, 0.5, 0.75)], axis=1)
        expected = peers.gates_only(layers, 3)(planes)
        np.testing.assert_array_equal(scores(lower(model), model.encoder.encode(x)), expected)


class TestBadContent:
    def test_nan_logits(self, tmp_path: Path) -> None:
        file = peers.lilogic(tmp_path / "net.pth")
        edit(
            file.path, layers__1__w=lambda w: w.index_put((torch.tensor([3]), torch.tensor([2])), torch.tensor(np.nan))
        )
        assert "layers.1.w[3, 2] is NaN" in message_of(file.path, file.options)

    def test_ties_go_to_the_first_maximum(self, tmp_path: Path) -> None:
        file = peers.lilogic(tmp_path / "net.pth")
        edit(file.path, layers__5__w=lambda w: torch.zeros_like(w))
        model = load_model(file.path, ImportOptions(file.options))
        assert set(model.layers[-1].tables.tolist()) == {0}  # gate 0 is the first of sixteen equal logits

    def test_equal_scores_give_the_first_class(self, tmp_path: Path) -> None:
        file = peers.lilogic(tmp_path / "net.pth")
        edit(file.path, layers__5__w=lambda w: torch.zeros_like(w))
        x = np.zeros((1, 12), bool)
        first = load_model(file.path, ImportOptions(file.options))
        last = load_model(file.path, ImportOptions(file.options | {"tie": "last"}))
        assert classify(lower(first), x).tolist() == [0]
        assert classify(lower(last), x).tolist() == [3]

    @pytest.mark.parametrize("wire", [-1, 12, 1 << 40, -(1 << 63)])
    def test_wires_out_of_range(self, wire: int, tmp_path: Path) -> None:
        file = peers.lilogic(tmp_path / "net.pth", wiring="indices")
        edit(file.path, layers__0__indices=lambda i: torch.cat([torch.tensor([wire]), i[1:]]))
        message = message_of(file.path, file.options)
        assert "neuron 0" in message or "fit no combination" in message

    def test_a_clone_whose_two_wirings_disagree(self, tmp_path: Path) -> None:
        file = peers.lilogic(tmp_path / "net.pth", wiring="binarised")
        edit(file.path, layers__0__indices=lambda i: (i + 1) % 12)
        assert "disagree" in message_of(file.path, file.options)

    def test_samples_that_the_network_does_not_reproduce(self, tmp_path: Path) -> None:
        file = peers.lilogic_early(tmp_path / "net.pth")
        state = torch.load(file.path, weights_only=True)
        state["dataset_output"][7, 3] = 1 - state["dataset_output"][7, 3]
        torch.save(state, file.path)
        assert "sample 7" in message_of(file.path, file.options)

    def test_half_a_wiring_is_corrupt(self, tmp_path: Path) -> None:
        file = peers.salon64(tmp_path / "net.pth")
        edit(file.path, net__0__conn_b=None)
        assert "corrupt" in message_of(file.path, file.options)

    def test_no_wiring_of_torchlogix(self, tmp_path: Path) -> None:
        file = tlx.dense(tmp_path / "net.pth")
        edit(file.path, _2__connections__indices=None, _3__connections__indices=None)
        # Up to 0.1.1 the file holds the weights and nothing else.
        assert "0.1.1" in message_of(file.path, file.options)

    def test_learned_thresholds_of_0_2_1(self, tmp_path: Path) -> None:
        """There the running sum of the raw differences, without softplus; they need not ascend."""
        file = tlx.dense(tmp_path / "net.pth", binarization="learned")
        raw = torch.load(file.path, weights_only=True)["0.raw_diffs"]
        model = load_model(file.path, ImportOptions({"classes": 3, "torchlogix_version": "0.2.1"}))
        expected = np.sort(torch.cumsum(raw, dim=1).numpy(), axis=1)
        np.testing.assert_array_equal(model.encoder.thresholds, expected)
        assert "0.2.1 and 0.2.2 are known" in message_of(file.path, {"classes": 3, "torchlogix_version": "0.3"})

    def test_wiring_that_is_drawn_at_every_evaluation(self, tmp_path: Path) -> None:
        file = tlx.dense(tmp_path / "net.pth", learned="some")
        options = file.options | {"torchlogix_version": "0.2.1"}
        assert "no one network" in message_of(file.path, options, {"gumbel": True})

    def test_a_cached_export_that_disagrees(self, tmp_path: Path) -> None:
        file = tlx.dense(tmp_path / "net.pth", learned="some")
        edit(file.path, _2__connections___export_indices=torch.zeros(2, 18, dtype=torch.int64))
        assert "not the learned one" in message_of(file.path, file.options)

    def test_a_permuted_head_is_unrecoverable(self, tmp_path: Path) -> None:
        file = luts.dwn(tmp_path / "net.pth")
        assert "cannot be recovered" in message_of(file.path, file.options, {"randperm": True})

    def test_sum_threshold_connectomes(self, tmp_path: Path) -> None:
        file = luts.silogic(tmp_path / "net.pth")
        state = torch.load(file.path, weights_only=True)
        state["layers.0._conn.bn.0.weight"] = torch.ones(18)
        torch.save(state, file.path)
        assert "sum-threshold" in message_of(file.path, file.options)

    def test_outputs_that_do_not_divide(self, tmp_path: Path) -> None:
        file = peers.salon64(tmp_path / "net.pth")
        assert "do not divide" in message_of(file.path, file.options | {"classes": 4})

    def test_thresholds_that_do_not_fit(self, tmp_path: Path) -> None:
        file = luts.dwn(tmp_path / "net.pth", learned=True)
        assert "make" in message_of(file.path, file.options | {"thresholds": [[0.5]] * 4})

    def test_a_padding_that_does_not_fit(self, tmp_path: Path) -> None:
        import json

        file = tlx.conv(tmp_path / "net.pth")
        config = json.loads(file.options["config_path"].read_text())
        config["layers"][1]["padding"] = 0
        assert "output positions" in message_of(file.path, {}, config)

    @pytest.mark.parametrize(
        "change",
        [{"kernel_size": 4000, "padding": 2000}, {"padding": 2}, {"kernel_size": 50}, {"stride": 0}, {"stride": True}],
    )
    def test_pooling_that_cannot_be(self, change: dict[str, Any], tmp_path: Path) -> None:
        import json

        file = tlx.conv(tmp_path / "net.pth")
        config = json.loads(file.options["config_path"].read_text())
        config["layers"][2].update(change)
        assert "pool" in message_of(file.path, {}, config) or "bits" in message_of(file.path, {}, config)

    def test_an_unknown_family(self, tmp_path: Path) -> None:
        torch.save(torch.nn.Linear(2, 2).state_dict(), tmp_path / "net.pth")
        assert "no known family" in message_of(tmp_path / "net.pth")
        assert "Known:" in message_of(tmp_path / "net.pth", {"family": "keras"})

    def test_an_unknown_module(self, tmp_path: Path) -> None:
        file = tlx.dense(tmp_path / "net.pth")
        state = torch.load(file.path, weights_only=True)

        class Strange(torch.nn.Module):
            pass

        globals()["Strange"] = Strange
        Strange.__qualname__ = "Strange"
        module = Strange()
        module.add_module("2", torch.nn.Module())
        module.get_submodule("2").weight = torch.nn.Parameter(state["2.weight"])
        module.get_submodule("2").add_module("connections", torch.nn.Module())
        module.get_submodule("2").connections.register_buffer("indices", state["2.connections.indices"])
        torch.save(module, file.path)
        assert "forward pass lgc does not know" in message_of(file.path, file.options)
