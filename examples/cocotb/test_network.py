"""A testbench of your own around a network: run it with `python run.py MODEL`."""

import os

import cocotb
import numpy as np

from lgc.testing.testbench import Testbench


@cocotb.test()
async def random_vectors(dut):
    """Every score and class, with gaps and resets between the inputs."""
    testbench = Testbench(dut, os.environ["MODEL"], os.environ["MANIFEST"])
    bits = np.random.default_rng(1).random((100, testbench.circuit.netlist.num_inputs)) < 0.3
    dut._log.info(f"{await testbench.check(bits)} vectors, every score equal")


@cocotb.test()
async def an_empty_picture(dut):
    """Your own check on what comes out."""
    testbench = Testbench(dut, os.environ["MODEL"], os.environ["MANIFEST"])
    nothing = np.zeros((1, testbench.circuit.netlist.num_inputs), bool)
    async for result in testbench.results(nothing):
        assert 0 <= result.class_id < len(testbench.manifest.classes)
