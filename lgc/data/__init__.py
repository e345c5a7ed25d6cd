"""Data in: the one reader of samples, for training, evaluation, verification, boards and Python.

A format is a row of :data:`READERS`: it turns a file into a :class:`Table`. What a table means is decided here, once.
"""

from lgc.data.arrays import read_npz_table
from lgc.data.describe import Raw, describe_columns
from lgc.data.frames import as_table, label_array
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
    "as_table",
    "class_indices",
    "describe_columns",
    "is_data_file",
    "label_array",
    "name_of",
    "not_readable",
    "read_npz_table",
    "read_table",
]
