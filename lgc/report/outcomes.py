"""What `lgc verify`, `--mutate` and `--coverage` print with `--json`, as a report shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from lgc.report.blocks import Listing, State
from lgc.report.results import Checked, Fields, as_count, as_list, as_text


def verified(fields: Fields) -> Checked:
    """Of a comparison.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: it is none.
    """
    sets = [
        (as_text(one["kind"]), as_count(one["vectors"]), as_count(one["mismatches"])) for one in as_list(fields["sets"])
    ]
    vectors, wrong = sum(one[1] for one in sets), sum(one[2] for one in sets)
    equal = fields["equal"]
    if type(equal) is not bool or (equal and wrong) or (equal and not vectors):
        raise ValueError("equal, though vectors differ or there are none")
    what = "every score" if "scores" in as_list(fields["checked"]) else "the class"
    notes = [as_text(one) for one in as_list(fields["explanation"])]
    for name, said in (("not_shown", "not shown: "), ("rounding", "")):
        notes += [said + as_text(fields[name])] if fields.get(name) else []
    notes += [f"not compared: {as_text(one)}" for one in as_list(fields.get("not_compared", ()))]
    latency = as_count(fields["latency"])
    clocks = f", at the latency of {latency} clocks" if latency and equal else ""
    text = f"{vectors - wrong:,} of {vectors:,} vectors, {what} equal{clocks}, by {as_text(fields['simulator'])}"
    table = Listing(("vectors", "compared>", "differ>"), tuple((kind, f"{n:,}", f"{bad:,}") for kind, n, bad in sets))
    state: State = "good" if equal else "bad"
    share = f"{vectors - wrong:,} / {vectors:,}"
    return Checked("verify", state, text, share, (table,), tuple(notes), as_text(fields["file"]))


def mutated(fields: Fields) -> Checked:
    """Of a mutation run. Only one whose mutants are all killed or proved equivalent is shown as good."""
    fates = ("killed", "survived", "equivalent", "undecided")
    rows: dict[str, Counter[str]] = {}
    faults = fields["faults"]
    if not isinstance(faults, list) or not faults:
        raise ValueError("there are no faults")
    for one in faults:
        if one["fate"] not in fates:
            raise ValueError("a fate")
        rows.setdefault(as_text(one["kind"]), Counter())[one["fate"]] += 1
    count = {fate: sum(row[fate] for row in rows.values()) for fate in fates}
    if any(as_count(fields[fate]) != number for fate, number in count.items()):
        raise ValueError("the counts are not those of the faults")
    different = len(faults) - count["equivalent"]
    share = f"{100 * count['killed'] / different:.2f} %" if different else "100 %"
    text = (
        f"the vectors kill {count['killed']:,} of {different:,} mutants that are not equivalent, {share}; "
        f"{count['survived']:,} survive them and {count['undecided']:,} are undecided"
    )
    state: State = "open" if count["survived"] or count["undecided"] else "good"
    cells = tuple((kind, *(f"{row[fate]:,}" for fate in fates)) for kind, row in rows.items())
    return Checked("mutate", state, text, share, (Listing(("fault", *(f"{fate}>" for fate in fates)), cells),))


def covered(fields: Fields) -> Checked:
    """Of a coverage."""
    gates, combinations = as_count(fields["gates"]), fields["combinations"]
    pairs = {
        "gates toggled": (as_count(fields["toggled"]), gates),
        "input combinations of gates seen": (as_count(combinations["seen"]), as_count(combinations["possible"])),
        "gates whose flip changes a score": (as_count(fields["propagated"]), as_count(fields["propagated_of"])),
        "with vectors made for the rest": (
            as_count(combinations["with_vectors_made"]), as_count(combinations["reachable"]),
        ),
    }  # fmt: skip
    undecided = as_count(fields["undecided"])
    rows = tuple((name, f"{a:,}", f"{b:,}", f"{100 * a / b:.2f} %" if b else "-") for name, (a, b) in pairs.items())
    toggled = f"{100 * pairs['gates toggled'][0] / gates:.2f} %" if gates else "-"
    left = f"; {undecided:,} combinations are undecided" if undecided else ""
    text = f"{as_count(fields['vectors']):,} vectors toggle {toggled} of {gates:,} gates{left}"
    complete = all(a == b for a, b in list(pairs.values())[:3]) and not undecided
    state: State = "good" if complete else "open"
    return Checked("cover", state, text, toggled, (Listing(("what", "seen>", "of>", "share>"), rows),))


READERS: dict[str, Callable[[Fields], Checked]] = {"verify": verified, "mutate": mutated, "cover": covered}
"""By the kind of check."""


def parts_of(fields: Fields) -> dict[str, Fields]:
    """The kinds of checks in a document of `lgc verify --json`, which may hold several."""
    found: dict[str, Fields] = {}
    for kind, keys in (("verify", "sets equal checked"), ("mutate", "faults score"), ("cover", "toggled combinations")):
        for part in (fields, *(one for one in fields.values() if isinstance(one, dict))):
            if all(key in part for key in keys.split()):
                found.setdefault(kind, part)
    return found
