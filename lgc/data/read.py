"""Which reader reads what: the one way from a name to a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from lgc.data.arrays import read_npy_table, read_npz_table, sorted_table
from lgc.data.openml import PREFIX, is_openml, read_openml
from lgc.data.table import Table
from lgc.data.text import TableOptions, read_text_table
from lgc.data.textfile import PACKED
from lgc.errors import InputError

_OTHERS = {
    ".xlsx": "Save the sheet as CSV",
    ".xls": "Save the sheet as CSV",
    ".ods": "Save the sheet as CSV",
    ".parquet": "In Python: pandas.read_parquet(FILE).to_csv('data.csv', index=False)",
    ".feather": "In Python: pandas.read_feather(FILE).to_csv('data.csv', index=False)",
    ".pkl": "In Python: pandas.read_pickle(FILE).to_csv('data.csv', index=False)",
    ".json": "In Python: pandas.read_json(FILE).to_csv('data.csv', index=False)",
    ".arff": "In Python: pandas.DataFrame(scipy.io.arff.loadarff(FILE)[0]).to_csv('data.csv', index=False)",
    ".mat": "In Python: numpy.savez('data.npz', X=..., y=...) of scipy.io.loadmat(FILE)",
    ".zip": "Unpack it first",
}
"""Files that people try, and what makes one of ours of them."""


def _read_text(path: Path, options: TableOptions) -> Table:
    """A row a sample; see :class:`TableOptions`."""
    return replace(sorted_table(str(path), read_text_table(path, options)), size=path.stat().st_size)


READERS: Mapping[str, Callable[[Path, TableOptions], Table]] = {
    ".npz": read_npz_table,
    ".npy": read_npy_table,
    ".csv": _read_text,
    ".tsv": _read_text,
    ".txt": _read_text,
    ".data": _read_text,
}
"""Who reads files of which suffix; text may be packed, such as .csv.xz."""


def _reader(source: str) -> Callable[[Path, TableOptions], Table] | None:
    suffixes = [one.lower() for one in Path(source).suffixes[-2:]]
    if suffixes and suffixes[-1] in PACKED:
        found = READERS.get(suffixes[0]) if len(suffixes) > 1 else None
        return found if found is _read_text else None
    return READERS.get(suffixes[-1]) if suffixes else None


def is_data_file(source: str) -> bool:
    """Whether :func:`read_table` reads what has this name: a file, or a data set of OpenML."""
    return is_openml(source) or _reader(source) is not None


def name_of(source: str) -> str:
    """What data from there are called: the file without its suffixes, or the name that OpenML has."""
    if is_openml(source):
        return source.removeprefix(PREFIX).partition("@")[0]
    path = Path(source)
    return Path(path.stem).stem if path.suffix.lower() in PACKED else path.stem


def read_table(path: Path | str, options: TableOptions | None = None) -> Table:
    """The table in a file, whose suffix picks the reader, or the one that OpenML has.

    Args:
        path: or ``openml:NAME``, see :func:`lgc.data.openml.read_openml`.
        options: which column is what, and how to read text.

    Raises:
        InputError: unreadable, or it is no table of samples.
    """
    options = options or TableOptions()
    if is_openml(str(path)):
        return read_openml(str(path), options)
    reader = _reader(str(path))
    if reader is None:
        raise not_readable(str(path))
    try:
        return reader(Path(path), options)
    except InputError as error:
        raise error.at(str(path)) from None


def not_readable(source: str, names: tuple[str, ...] = ()) -> InputError:
    """The error about a name that is neither a file's that lgc reads nor one of ``names``."""
    files = f"a {', '.join(READERS)} file, or {PREFIX}NAME"
    suffix = Path(source).suffix.lower()
    if suffix in _OTHERS:
        return InputError(f"lgc does not read {suffix} files", where=source, hint=_OTHERS[suffix])
    return InputError(f"there is no data set '{source}'", hint=f"Give {', '.join([*names, files])}")
