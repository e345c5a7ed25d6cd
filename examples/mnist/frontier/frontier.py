"""Accuracy over lookup tables: train, compile, verify and synthesise networks of many sizes, and draw them.

    python frontier.py                        the MNIST sizes of sizes.toml that have no result yet, then the picture
    python frontier.py --quick                the first three of them, seed 0
    python frontier.py --data cifar-10        another data set
    python frontier.py --draw                 the pictures and the tables of what has been measured, nothing else

Each network is measured whole: 8-bit pixels in, the class out, with all that turns pixels into bits and votes into a
class. A result is written as soon as it is there, and a training that was stopped goes on where it was.
"""

import argparse
import hashlib
import json
import statistics
import tomllib
from pathlib import Path

import lgc
from lgc.errors import InputError
from lgc.files import replacing, write_text
from lgc.train.config import read_preset

HERE = Path(__file__).parent
DATA = ("mnist", "fashion-mnist", "cifar-10")
PART = "xc7-a35t"
QUICK = 3
MARKS = {"placed": "s", "synthesised": "o", "estimated": "^"}
COLOURS = {"full": "#d1495b", "core": "#5b7a99"}
WIDTH = 10.0  # inches
HEIGHT = 7.0


def read_sizes(data):
    """The sizes of a data set: name, preset, and the settings that differ from it; the smallest first."""
    sizes = tomllib.loads((HERE / "sizes.toml").read_text(encoding="utf-8"))["size"]
    return [size for size in sizes if size["data"] == data]


def read_rows(path):
    """Results, or published points; none if there is no such file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def recipe(size, seed):
    """All that the settings of a size say, as they stand in the record of a training."""
    named = read_preset(size["preset"]) | size.get("settings", {}) | {"seed": seed}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in named.items()}


def digest(size, seed):
    """Of the recipe: a preset that has changed since is another one."""
    text = json.dumps(recipe(size, seed), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def trained(size, seed, folder):
    """The checkpoint of a size and its record, trained now unless it is there.

    Raises:
        InputError: the checkpoint that is there was made with other settings.
    """
    path = folder / f"{size['name']}-s{seed}.pt"
    state = path.with_suffix(".resume.pt")
    if path.exists() and not state.exists():
        record = lgc.read(path).model.training
        made = record.get("hyperparameters", {}) | {"dataset": record.get("dataset")}
        other = {name for name, value in recipe(size, seed).items() if name in made and made[name] != value}
        if other:
            raise InputError(
                f"it was trained with other settings ({', '.join(sorted(other))})", where=str(path), hint="Move it away"
            )
        if "test_accuracy" in record:
            return path, record
    settings = {name: tuple(v) if isinstance(v, list) else v for name, v in size.get("settings", {}).items()}
    made = lgc.train(
        preset=size["preset"], seed=seed, output=path, log=path.with_suffix(".jsonl"), resume=state.exists(), **settings
    )
    print(made)
    if made.interrupted:
        raise KeyboardInterrupt
    return path, made.record


def measured(size, seed, folder, *, check=True):
    """A row of results: the network trained, compiled for the part, compared with its model, and synthesised."""
    path, record = trained(size, seed, folder)
    verilog = path.with_suffix(".v")
    compiled = lgc.compile(path, verilog, fabric="xc7", input="features", outputs="class")
    if check:
        lgc.verify(path, verilog)  # raises where they differ
    found = lgc.synth(compiled, PART, route=False).result
    counted = {name: int(found.value(name)) for name in ("sites", "carry", "levels")}
    return {
        "name": size["name"],
        "data": size["data"],
        "seed": seed,
        "preset": size["preset"],
        "settings": size.get("settings", {}),
        "recipe": digest(size, seed),
        "layers": [layer.width for layer in compiled.source.model.layers],
        "validation": round(record["validation_accuracy"], 5),
        "test": round(record["test_accuracy"], 5),
        "lut6": counted["sites"],
        "carry": counted["carry"],
        "levels": counted["levels"],
        "scope": "full",
        "stage": "synthesised",
        "verified": check,
        "by": found.synthesis,
    }


def add(rows, row):
    """The rows with one more, in place of an older one of the same network; sorted, so that files differ little."""
    key = ("data", "lut6", "name", "seed")
    rest = [one for one in rows if (one["data"], one["name"], one["seed"]) != (row["data"], row["name"], row["seed"])]
    return sorted([*rest, row], key=lambda one: tuple(one[name] for name in key))


def run(sizes, seeds, folder, results, *, check=True):
    """Measure what has no result of the same recipe yet, or was not verified. Each result is written at once."""
    rows = read_rows(results)
    for size in sizes:
        for seed in seeds:
            same = {"name": size["name"], "data": size["data"], "seed": seed, "recipe": digest(size, seed)}
            if any(same.items() <= row.items() and row["verified"] >= check for row in rows):
                print(f"{size['name']}, seed {seed}: done before")
                continue
            row = measured(size, seed, folder, check=check)
            rows = add(read_rows(results), row)  # another run may have added some
            write_text(results, json.dumps(rows, indent=1) + "\n")
            print(f"{size['name']}, seed {seed}: {row['test']:.2%} of the test images, {row['lut6']:,} LUT6")


def means(rows, data):
    """Of each network of a data set its mean accuracy and size over the seeds, and how many they are; by size."""
    groups = {}
    for row in rows:
        if row["data"] == data:
            groups.setdefault(row["name"], []).append(row)
    found = [
        {
            **group[0],
            "seeds": len(group),
            "test": statistics.mean(row["test"] for row in group),
            "validation": statistics.mean(row["validation"] for row in group),
            "lut6": round(statistics.mean(row["lut6"] for row in group)),
            "carry": round(statistics.mean(row["carry"] for row in group)),
            "verified": all(row["verified"] for row in group),
        }
        for group in groups.values()
    ]
    return sorted(found, key=lambda one: one["lut6"])


def best(points):
    """The frontier: of points sorted by size those that are more accurate than every smaller one."""
    kept = []
    for point in points:
        if not kept or point["test"] > kept[-1]["test"]:
            kept.append(point)
    return kept


def table(rows, data):
    """The results of a data set in Markdown, the means of all seeds."""
    lines = [
        "| network | test | validation | seeds | LUT6 | carry cells | simulated |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in means(rows, data):
        lines.append(
            f"| `{one['name']}` | {one['test']:.2%} | {one['validation']:.2%} | {one['seeds']} | {one['lut6']:,} | "
            f"{one['carry']:,} | {'yes' if one['verified'] else 'no'} |"
        )
    return "\n".join(lines)


def draw(rows, published, data, path):
    """Our points and those of others in one picture, each with its scope and stage. The same rows, the same bytes."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    ours, theirs = means(rows, data), [one for one in published if one["data"] == data]
    with rc_context({"svg.hashsalt": "frontier", "svg.fonttype": "none", "font.size": 8}):
        figure = Figure((WIDTH, HEIGHT), layout="constrained")
        axes = figure.subplots()
        line = best(ours)
        axes.plot([one["lut6"] for one in line], [100 * one["test"] for one in line], color=COLOURS["full"], lw=1)
        for one in [*ours, *theirs]:
            mine = "work" not in one
            label = f"lgc {one['name']}" if mine else one["work"]
            text = f"{label} ({one['scope']}, {one['stage']})"
            at = one["lut6"], 100 * one["test"]
            axes.plot(*at, MARKS[one["stage"]], color=COLOURS[one["scope"]], ms=6, mfc=None if mine else "none")
            aside = {"xytext": (-6, 3), "ha": "right"} if mine else {"xytext": (6, -3), "ha": "left"}
            axes.annotate(text, at, textcoords="offset points", fontsize=6, **aside)
        axes.set_xscale("log")
        axes.margins(x=0.32)  # room for the text
        axes.set_xlabel("lookup tables of six inputs")
        axes.set_ylabel("% of the test images")
        axes.set_title(f"{data}: filled, lgc (mean of all seeds); empty, published")
        axes.grid(visible=True, which="both", lw=0.3)
        with replacing(path) as part:
            figure.savefig(part, format="svg", metadata={"Date": None, "Creator": None})


def main():
    """What was asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", choices=DATA, default="mnist")
    options.add_argument("--quick", action="store_true", help="the first three sizes")
    options.add_argument("--only", action="append", help="this size; may be given again")
    options.add_argument("--seed", type=int, action="append", help="by default 0; may be given again")
    options.add_argument("--folder", type=Path, default=Path("networks"), help="of NAME-sSEED.pt and Verilog")
    options.add_argument("--results", type=Path, default=HERE / "results.json")
    options.add_argument("--unverified", action="store_true", help="do not simulate the circuits; results say so")
    options.add_argument("--draw", action="store_true", help="measure nothing")
    asked = options.parse_args()
    sizes = read_sizes(asked.data)
    unknown = set(asked.only or ()) - {size["name"] for size in sizes}
    if unknown:
        options.error(f"sizes.toml has no {', '.join(sorted(unknown))}, but {', '.join(one['name'] for one in sizes)}")
    sizes = [size for size in sizes if not asked.only or size["name"] in asked.only][: QUICK if asked.quick else None]
    if not asked.draw:
        asked.folder.mkdir(parents=True, exist_ok=True)
        run(sizes, asked.seed or [0], asked.folder, asked.results, check=not asked.unverified)
    rows = read_rows(asked.results)
    for data in sorted({row["data"] for row in rows}):
        draw(rows, read_rows(HERE / "published.json"), data, asked.results.with_name(f"{data}.svg"))
        print(table(rows, data))


if __name__ == "__main__":
    main()
