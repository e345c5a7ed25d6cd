"""Data sets of OpenML by name or number, through scikit-learn, which keeps what it has fetched."""

from __future__ import annotations

import re
import urllib.error
import warnings
from dataclasses import replace
from http.client import HTTPException
from typing import Any

import numpy as np

from lgc.data.arrays import array_labels, labelled, sorted_table
from lgc.data.frames import label_array
from lgc.data.gather import sorted_columns
from lgc.data.table import Table
from lgc.data.text import TableOptions
from lgc.errors import InputError
from lgc.tools.cache import cache_folder
from lgc.tools.find import missing

PREFIX = "openml:"
_WHAT = re.compile(r"(?P<id>[1-9]\d{0,8})|(?P<name>[\w.()+, -]{1,100}?)(@(?P<version>[1-9]\d{0,3}))?", re.ASCII)


def is_openml(source: str) -> bool:
    """Whether a name is that of a data set of OpenML."""
    return source.startswith(PREFIX)


def read_openml(source: str, options: TableOptions) -> Table:
    """The data set ``openml:NAME``, ``openml:NAME@VERSION`` or ``openml:ID``.

    The first version of a name is taken, so that a name goes on to mean the same. Nominal columns are categories.

    Args:
        options: ``label`` is another column than the one that OpenML names.

    Raises:
        InputError: there is no such data set, it cannot be fetched, or it is no table of numbers and words.
        MissingToolError: scikit-learn is not installed.
    """
    match = _WHAT.fullmatch(source.removeprefix(PREFIX))
    if match is None:
        raise InputError(
            f"'{source[:80]}' names no data set", hint="Give openml:NAME, openml:NAME@VERSION, or openml:ID, a number"
        )
    found = _fetch(source, match)
    number, version = str(found.details.get("id", "")), str(found.details.get("version", ""))
    note = f"OpenML has it as {found.details.get('name')}, version {version}: openml:{number} is the same for ever."
    names = [str(name) for name in found.feature_names]
    columns = [_words(found.data[:, index], found.categories.get(name)) for index, name in enumerate(names)]
    labels = None
    if found.target is not None and options.label is None:
        labels = array_labels(label_array(found.target), len(found.data), "the target")
    elif found.target is not None:  # another column has the labels, and the usual one is a feature
        names.append(str(found.target_names[0]))
        columns.append(np.asarray(found.target, object))
    nominal = tuple(name for name in names if found.categories.get(name))
    chosen = replace(options, category=(*options.category, *nominal))
    kept = sorted_columns(names, columns, chosen, labelled=labels is not None)
    table = labelled(sorted_table(source, kept), labels, kept.kept, options)
    label = options.label if labels is None else str(found.target_names[0])
    return replace(table, label=label, notes=(note, *table.notes))


def _fetch(source: str, match: re.Match[str]) -> Any:
    try:
        from sklearn.datasets import fetch_openml
    except ImportError:
        raise missing("scikit-learn", "fetching from OpenML") from None
    what: dict[str, Any] = {"data_id": int(match["id"])} if match["id"] else {
        "name": match["name"], "version": int(match["version"] or 1)
    }  # fmt: skip
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other versions, and of data sets that are not active
            return fetch_openml(
                **what, data_home=str(cache_folder() / "openml"), as_frame=False, parser="liac-arff", n_retries=2
            )
    except urllib.error.HTTPError as error:
        raise _unreachable(source, f"the server answers {error.code}") from None
    except (OSError, HTTPException) as error:
        raise _unreachable(source, str(error)[:120]) from None
    except Exception as error:  # scikit-learn's errors are of several kinds
        raise _refusal(source, match, error) from None


def _unreachable(source: str, why: str) -> InputError:
    return InputError(
        f"OpenML's data set '{source[:80]}' cannot be fetched ({why})",
        hint="Check the network, or save the table as a CSV file elsewhere and give that",
    )


def _refusal(source: str, match: re.Match[str], error: Exception) -> InputError:
    text = str(error)
    if "STRING" in text or "string" in text:
        return InputError(
            f"OpenML's data set '{source[:80]}' has columns of free text, which lgc does not read",
            hint="Save it as a CSV file, and leave such columns out with --drop",
        )
    if "No known dataset" in text or "not found" in text or type(error).__name__ == "OpenMLError":
        return InputError(
            f"OpenML has no data set '{source[:80]}'",
            hint="openml.org lists them; a number is surest: openml:61"
            if match["id"]
            else "Names are exact, and each version has its own: openml:NAME@2",
        )
    return InputError(f"OpenML's data set '{source[:80]}' cannot be read ({text[:160]})")


def _words(values: Any, categories: Any) -> Any:
    """The words of a nominal column, whose values are their indices; None where one is missing."""
    if not categories:
        return np.asarray(values)
    words = np.array([*categories, None], object)
    numbers = np.asarray(values, np.float64)
    return words[np.where(np.isnan(numbers), len(categories), numbers).astype(np.int64)]
