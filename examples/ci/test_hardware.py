"""The same from pytest: `pip install "lgc[torch,sim]"` brings the fixture lgc_verify."""

import os

import pytest

MODEL = os.environ.get("MODEL", "model.pt")


@pytest.mark.parametrize("pipeline", [0, 4])
def test_the_hardware_is_the_model(lgc_verify, pipeline):
    verdict = lgc_verify(MODEL, pipeline=pipeline)
    assert verdict.vectors > 1000
