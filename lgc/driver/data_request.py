"""Which samples a verb takes, and how their file is read: the options that such verbs share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from lgc.driver.request import Request
from lgc.driver.samples import Part
from lgc.settings import Setting

if TYPE_CHECKING:
    from lgc.data import TableOptions

_DATA = "Data"


@dataclass(frozen=True)
class DataRequest(Request):
    """Which samples, and how their table is read. What is not given is as the network's training had it."""

    data_dir: Annotated[
        Path | None, Setting("Folder with the data set's files; by default $LGC_DATA.", group=_DATA)
    ] = None
    split: Annotated[
        Part | None,
        Setting("Which samples; by default those of the test, if the data are those of training or set some apart, "
                "else all.", group=_DATA),
    ] = None  # fmt: skip
    label: Annotated[str | None, Setting("Column of the labels; by default that of training.", group=_DATA)] = None
    header: Annotated[
        bool | None, Setting("Whether the first row of a table has names; by default, as in training.", group=_DATA)
    ] = None
    missing: Annotated[
        str | None,
        Setting("Samples in which a number is missing; by default, as in training.", ("refuse", "drop"), group=_DATA),
    ] = None
    drop: Annotated[
        tuple[str, ...],
        Setting(
            "Column to leave out; may be given again. By default those of training.", metavar="COLUMN", group=_DATA
        ),
    ] = ()
    group: Annotated[
        str | None, Setting("Column of groups; by default that of training.", metavar="COLUMN", group=_DATA)
    ] = None
    category: Annotated[
        tuple[str, ...],
        Setting("Column of numbers that are names of categories; may be given again. By default those of training.",
                metavar="COLUMN", group=_DATA),
    ] = ()  # fmt: skip
    na: Annotated[
        tuple[str, ...],
        Setting("Text that stands for a missing value; may be given again. By default that of training.",
                metavar="TEXT", group=_DATA),
    ] = ()  # fmt: skip
    delimiter: Annotated[
        str | None, Setting("Of text: one character, or tab, comma, semicolon, space, bar.", group=_DATA)
    ] = None

    @property
    def reading(self) -> TableOptions:
        """How a table is read, where that is said."""
        from lgc.data import TableOptions

        return TableOptions(
            self.label, self.header, self.missing or TableOptions.missing, self.drop, self.group, self.category,
            self.na, self.delimiter,
        )  # fmt: skip
