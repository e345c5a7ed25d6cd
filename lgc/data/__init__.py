"""Data in: the one reader of samples, for training, evaluation, verification, boards and Python.

A format is a row of :data:`READERS`: it turns a file into a :class:`Table`. What a table means is decided here, once.
"""

from lgc.data.arrays import read_npz_table
from lgc.data.describe import Raw, describe
from lgc.data.frames import labels_of, table_of
from lgc.data.options import Loading
from lgc.data.read import READERS, is_data_file, name_of, not_readable, read_table
from lgc.data.table import Table, class_indices
from lgc.data.text import TableOptions

__all__ = [
    "READERS",
    "Loading",
    "Raw",
    "Table",
    "TableOptions",
    "class_indices",
    "describe",
    "is_data_file",
    "labels_of",
    "name_of",
    "not_readable",
    "read_npz_table",
    "read_table",
    "table_of",
]
