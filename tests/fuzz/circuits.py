"""Fuzzes the compiler: `python tests/fuzz/circuits.py [--count N] [--seed S] [--slow K] [--workers N]`.

Random circuits of every legal shape (draw.py) go through random pipelines of passes and every level, and all that
comes out is compared with the interpreter on every score (ways.py): a scalar oracle, torch, the text, BLIF, AIGER, the
encoder by itself and among the gates. Every K-th circuit also goes where a compiler or a simulator is needed
(slow_ways.py): C, yosys' netlist of the Verilog, the Verilog of every head in Verilator, many to a build, and what
`lgc verify` does with every kind of file. A circuit that fails is shrunk and kept in tests/fuzz/regressions, which the
tests replay.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
import farming
from blocks import CIRCUITS, circuits_block
from draw import draw_circuit, vectors
from shrink import shrink
from slow_ways import SLOW, Difference
from ways import Compare, NotForThisError, cheap_ways

from lgc.farm import Workers, answers
from lgc.ir import Circuit, interp, parse_text
from lgc.ir.text import to_text
from lgc.ir.verify import verify_circuit
from lgc.passes import optimize

REGRESSIONS = Path(__file__).parent / "regressions"
BATCH = 40


def check(circuit: Circuit, seed: int, ways: dict[str, Compare] | None = None) -> list[str]:
    """Compare one circuit in every cheap way; returns the ways that it could go.

    Raises:
        Difference: with the way that disagrees.
    """
    rng = random.Random(seed)
    ways = ways if ways is not None else cheap_ways(rng)
    verify_circuit(circuit)
    bits = vectors(circuit, rng)
    expected = interp.scores(circuit, bits)
    gone = []
    for name, compare in ways.items():
        try:
            compare(circuit, bits, expected)
        except NotForThisError:
            continue
        except Exception as error:
            raise Difference(name, circuit, error, seed) from error
        gone.append(name)
    return gone


def keep(difference: Difference, seed: int, folder: Path = REGRESSIONS) -> Path:
    """Shrink what failed and write it down."""
    way, seed = difference.way, seed if difference.seed is None else difference.seed

    def fails(circuit: Circuit) -> bool:
        try:
            if way in SLOW:
                SLOW[way]([circuit], seed)
            else:
                check(circuit, seed, {way: cheap_ways(random.Random(seed))[way]})
        except AssertionError:
            return True
        except Exception:  # a tool that refuses it; else the shrinker has gone too far
            return way in SLOW
        return False

    small = shrink(difference.circuit, fails)
    folder.mkdir(exist_ok=True)
    path = folder / f"{way.replace(' ', '-').lower()}-{small.digest()[:12]}.lgn"
    path.write_text(to_text(small))
    return path


def check_batch(way: str, batch: Sequence[Circuit], seed: int) -> None:
    """A slow way on many circuits; if it fails, the one to blame is found by halving.

    Raises:
        Difference: with that circuit.
    """
    try:
        SLOW[way](batch, seed)
    except Exception as error:
        if len(batch) == 1:
            raise Difference(way, batch[0], error) from error
        half = len(batch) // 2
        check_batch(way, batch[:half], seed)
        check_batch(way, batch[half:], seed)
        raise Difference(way, batch[0], f"only together: {error}") from error


def fuzz(count: int, seed: int, slow: int, levels: Sequence[str] = ("O0", "O2")) -> Counter[str]:
    """Returns how many circuits went each way.

    Args:
        slow: every so many circuits one goes the slow ways too, at one of ``levels`` in turn; 0 for none.
    """
    rng = random.Random(seed)
    done: Counter[str] = Counter()
    batch: list[Circuit] = []
    for index in range(count):
        circuit = replace(draw_circuit(rng), name=f"c{index}")
        done.update(check(circuit, rng.randrange(1 << 30)))
        if slow and index % slow == 0:
            batch.append(optimize(circuit, levels[len(batch) % len(levels)]))
        if len(batch) == BATCH or (batch and index == count - 1):
            for way in SLOW:
                check_batch(way, batch, seed)
                done[way] += len(batch)
            batch = []
    return done


def fuzz_blocks(count: int, seed: int, slow: int, workers: Workers, block: int = CIRCUITS) -> Counter[str]:
    """Fuzz in blocks that workers share, each with a seed of its own.

    Raises:
        Difference: the first one that was found.
    """
    tasks = [
        {"request": {"task": "fuzz", "count": min(block, count - first), "seed": seed + first // block, "slow": slow}}
        for first in range(0, count, block)
    ]
    done: Counter[str] = Counter()
    start = time.monotonic()
    for number, (_, (ways, found)) in enumerate(answers(workers, circuits_block, tasks), 1):
        if found is not None:
            raise Difference(found["way"], parse_text(found["circuit"]), found["reason"], found["seed"])
        done += ways
        print(f"block {number} of {len(tasks)}, {time.monotonic() - start:.0f} s", flush=True)
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--slow", type=int, default=50, help="every K-th circuit also goes the slow ways")
    farming.add_options(parser)
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    try:
        with farming.open_farm(options) as workers:
            done = fuzz_blocks(options.count, seed, options.slow, workers)
    except Difference as difference:
        print(f"{difference}\nkept as {keep(difference, seed)}")
        sys.exit(1)
    print(f"{options.count} circuits, seed {seed}, no difference; " + ", ".join(f"{k} {v}" for k, v in done.items()))


if __name__ == "__main__":
    main()
