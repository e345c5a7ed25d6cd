"""The course of a training: what happened in each epoch, as JSON lines, as CSV and as a picture."""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lgc.errors import LgcWarning, OutputError
from lgc.files import replacing, write_text
from lgc.frontend import Model
from lgc.tools.cache import lend_home

Entry = Mapping[str, Any]
OnEpoch = Callable[[Entry, Model], Any]
"""Is given an epoch's entry and its discrete network; what is true ends the training."""


class History:
    """Entries with an ``event`` each, and their files. Of the files only JSON lines grow with every entry.

    Args:
        path: the JSON-lines file; None writes nothing. The others have its name with .csv and .png.
        entries: what came before, in a run that goes on.
        on_entry: is given each entry that is added.

    Raises:
        OutputError: a file cannot be written.
    """

    def __init__(
        self,
        path: Path | None,
        entries: list[dict[str, Any]] | None = None,
        on_entry: Callable[[Entry], None] | None = None,
    ) -> None:
        self.path = path
        self.on_entry = on_entry
        self.entries = list(entries or [])
        if path is not None:
            write_text(path, "".join(json.dumps(entry) + "\n" for entry in self.entries))

    def add(self, event: str, **values: Any) -> None:
        """One more entry."""
        self.entries.append({"event": event, **values})
        if self.on_entry is not None:
            self.on_entry(self.entries[-1])
        if self.path is None:
            return
        try:
            with self.path.open("a", encoding="utf-8") as log:
                log.write(json.dumps(self.entries[-1]) + "\n")
        except OSError as error:
            raise OutputError(f"the log cannot be written ({error.strerror})", where=str(self.path)) from None

    def finish(self) -> None:
        """Write the table, and the picture if matplotlib is installed."""
        epochs = [entry for entry in self.entries if entry["event"] == "epoch"]
        if self.path is None or not epochs:
            return
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        names = [name for name in epochs[0] if name != "event"]
        table.writerow(names)
        table.writerows([[entry[name] for name in names] for entry in epochs])
        write_text(self.path.with_suffix(".csv"), text.getvalue())
        _draw(self.path, epochs)


def _draw(log: Path, epochs: list[dict[str, Any]]) -> None:
    """Loss, and the accuracies, by epoch; a picture that cannot be drawn ends no training."""
    lend_home()
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    except Exception as error:  # of its binary parts, which other packages in the process can break
        told = f"no picture of the log is drawn: matplotlib cannot be loaded ({type(error).__name__}: {error})"
        warnings.warn(f"{told}. `lgc runs {log} -o curves.svg` draws one without it", LgcWarning, stacklevel=2)
        return
    x = [entry["epoch"] for entry in epochs]
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    lines = {"training": "train_accuracy", "validation, discrete": "validation_accuracy", "soft": "soft_accuracy"}
    for label, name in lines.items():
        if name in epochs[0]:
            axes.plot(x, [100 * entry[name] for entry in epochs], label=label, linewidth=1.2)
    axes.set(xlabel="epoch", ylabel="accuracy, %")
    axes.grid(alpha=0.3)
    loss = axes.twinx()
    loss.plot(x, [entry["loss"] for entry in epochs], color="gray", linestyle=":", label="loss (right)")
    loss.set_ylabel("loss")
    handles = [*axes.get_lines(), *loss.get_lines()]
    axes.legend(handles=handles, loc="center right")
    with replacing(log.with_suffix(".png")) as temporary:
        figure.savefig(temporary, format="png", dpi=120, metadata={"Comment": "written by lgc"})
