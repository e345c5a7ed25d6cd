"""Rows of a CSV file as words for the port `features`, by the manifest alone: python encode.py net.json rows.csv"""

import csv
import json
import math
import sys
from pathlib import Path


def code(column, text):
    if column["rounding"] == "index":  # of the word; behind all others: it is none of them
        return [*column["words"], text.strip()].index(text.strip())
    x, scale, offset = float(text), column["scale"], column["offset"]
    k = math.ceil(x * scale) + offset if column["rounding"] == "up" else math.floor(x * scale + offset + 0.5)
    return int(min(max(k, 0), 2 ** column["bits"] - 1))


columns = json.loads(Path(sys.argv[1]).read_text("utf-8"))["columns"]
for row in csv.DictReader(Path(sys.argv[2]).open(newline="", encoding="utf-8")):  # noqa: SIM115 - until the end
    print(f"{sum(code(column, row[column['name']]) << column['at'] for column in columns):x}")
