"""Build a small network for a Cortex-M3 and run it under QEMU.

    python examples/embedded/build.py [MODEL] [-o FOLDER]

Needs arm-none-eabi-gcc, and qemu-system-arm to run it (Debian: gcc-arm-none-eabi, qemu-system-arm). Without a model
a random network of 1,000 gates stands in: the size of code and memory is that of a trained one.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from lgc.backend.base import write
from lgc.backend.c import C99
from lgc.frontend import load_circuit
from lgc.ir import Builder, Circuit, Encoder, Head, interp
from lgc.passes import optimize

HERE = Path(__file__).parent
SAMPLES = 70  # two full words of 32 and a tail
CPU = ["-mcpu=cortex-m3", "-mthumb", "-ffreestanding", "-nostdlib"]
# A word of 32 bits is the machine's; one word at a time takes the least memory.
NETWORK = ["-std=c99", "-Os", "-DLGC_WORD_BITS=32", "-DLGC_VECTORS=1u", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def stand_in() -> Circuit:
    """196 binary pixels (14 x 14), 1,000 random gates, 10 classes."""
    rng = np.random.default_rng(0)
    builder = Builder(196)
    tables = rng.choice([1, 2, 4, 6, 7, 8, 9, 11, 13, 14], 1000)
    nets = builder.add_layer(tables, rng.integers(2, 198, (1000, 2)), builder.layer("layer1", 1000))
    head = Head.equal_groups(1000, tuple("0123456789"))
    return Circuit("stand-in", Encoder(196), builder.build(nets), head)


def write_samples(circuit: Circuit, folder: Path, workspace: int) -> None:
    """Random samples, and the classes that the interpreter gives them."""
    bits = np.random.default_rng(1).random((SAMPLES, circuit.encoder.num_bits)) < 0.3
    rows = np.packbits(bits, axis=1, bitorder="little").reshape(-1).tolist()
    classes = interp.classify(circuit, bits).tolist()
    (folder / "samples.h").write_text(
        f"#define SAMPLES {SAMPLES}u\n#define WORKSPACE_BYTES {workspace}u\n"
        f"static const uint8_t samples[] = {{{', '.join(map(str, rows))}}};\n"
        f"static const int32_t expected[] = {{{', '.join(map(str, classes))}}};\n"
    )


def workspace_bytes(folder: Path) -> int:
    """What workspace_size() returns on the target: asked of the compiler, through the size of an array."""
    probe = folder / "probe.c"
    probe.write_text('#include "digits.c"\nchar probe[sizeof(workspace) + ALIGNMENT - 1u];\n')
    run(["arm-none-eabi-gcc", *CPU, *NETWORK, "-c", str(probe), "-o", str(folder / "probe.o")])
    for line in run(["arm-none-eabi-nm", "-S", str(folder / "probe.o")]).splitlines():
        if line.endswith(" probe"):
            return int(line.split()[1], 16)
    raise SystemExit("the compiler did not tell the size of the workspace")


def build(circuit: Circuit, folder: Path) -> Path:
    """The firmware."""
    write(C99(prefix="digits"), optimize(circuit), folder / "digits.c")
    write_samples(circuit, folder, workspace_bytes(folder))
    gc = ["-ffunction-sections", "-fdata-sections"]
    run(["arm-none-eabi-gcc", *CPU, *NETWORK, *gc, "-c", str(folder / "digits.c"), "-o", str(folder / "digits.o")])
    output = folder / "digits.elf"
    sources = [str(HERE / "main.c"), str(HERE / "startup.c"), str(folder / "digits.o")]
    script = ["-Wl,--gc-sections", "-T", str(HERE / "cortex-m3.ld"), "-lgcc"]
    run(["arm-none-eabi-gcc", *CPU, *gc, "-Os", "-I", str(folder), *sources, "-o", str(output), *script])
    return output


def run(command: list[str]) -> str:
    """Run a tool; stop with its message if it fails."""
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if result.returncode:
        raise SystemExit(f"{command[0]} failed:\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def report(firmware: Path, folder: Path) -> None:
    """Flash and RAM, of everything and of the network's code alone."""
    text, data, bss = (int(word) for word in run(["arm-none-eabi-size", str(firmware)]).splitlines()[1].split()[:3])
    network = int(run(["arm-none-eabi-size", str(folder / "digits.o")]).splitlines()[1].split()[0])
    print(
        f"flash {text + data} bytes (network {network} before unused entry points are dropped), RAM {data + bss} bytes"
    )


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description="Build and run a network for a Cortex-M3.")
    parser.add_argument("model", nargs="?")
    parser.add_argument("-o", "--output", default="build-embedded")
    arguments = parser.parse_args()
    folder = Path(arguments.output)
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.which("arm-none-eabi-gcc") is None:
        sys.exit("not built: arm-none-eabi-gcc is not installed")
    firmware = build(load_circuit(arguments.model) if arguments.model else stand_in(), folder)
    report(firmware, folder)
    if shutil.which("qemu-system-arm") is None:
        print("not run: qemu-system-arm is not installed")
        return
    semihosting = ["-semihosting-config", "enable=on,target=native"]
    machine = ["-M", "mps2-an385", "-nographic", "-monitor", "none", "-serial", "none"]
    print(run(["qemu-system-arm", *machine, *semihosting, "-kernel", str(firmware)]).strip())


if __name__ == "__main__":
    main()
