"""Data in: the one reader of files with samples, for training, evaluation, verification, boards and Python.

A format is a row of :data:`READERS`: it turns a file into a :class:`Table`. What a table means is decided here, once.
"""

from lgc.data.describe import Raw, describe
from lgc.data.options import Loading
from lgc.data.table import READERS, Table, class_indices, is_data_file, read_npz_table, read_table
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
    "read_npz_table",
    "read_table",
]
