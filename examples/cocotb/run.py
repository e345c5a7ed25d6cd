"""Compile a model, and run test_network.py on it with cocotb's own runner: `python run.py MODEL [icarus|verilator]`."""

import os
import sys
from pathlib import Path

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from lgc.testing import compile_verilog

HERE = Path(__file__).resolve().parent
model = Path(sys.argv[1]).resolve()
simulator = sys.argv[2] if len(sys.argv) > 2 else "icarus"
build = Path("build").resolve()
build.mkdir(exist_ok=True)
source = compile_verilog(model, build / "net.v", pipeline=3)
os.environ |= {"MODEL": str(model), "MANIFEST": str(source.with_suffix(".json")), "PYTHONPATH": str(HERE)}
runner = get_runner(simulator)
runner.build(sources=[source], hdl_toplevel="net", build_dir=build, timescale=("1ns", "1ps"), always=True)
results = runner.test(hdl_toplevel="net", test_module="test_network", build_dir=build, test_dir=build)
tests, failed = get_results(results)
print(f"{tests} tests, {failed} failed")
sys.exit(failed > 0 or tests == 0)
