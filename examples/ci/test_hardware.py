"""The same as a test: the fixture lgc_verify comes with lgc. In a checkout: pytest examples/ci/test_hardware.py"""

import os
from pathlib import Path

import pytest

MODEL = os.environ.get("MODEL", Path(__file__).parents[1] / "mnist" / "mnist-1k5.pt")


@pytest.mark.parametrize("pipeline", [0, 4])
def test_the_hardware_is_the_model(lgc_verify, pipeline):
    verdict = lgc_verify(MODEL, pipeline=pipeline, random=200)
    assert verdict.report.mismatches == 0
    assert verdict.vectors > 200
