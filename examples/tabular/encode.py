"""Rows of a CSV file as words for the port `features`, by the manifest alone: python encode.py net.json rows.csv"""

import csv
import json
import math
import sys


def code(column, text):
    if column["rounding"] == "index":
        return (column["words"] + [text.strip()]).index(text.strip())  # behind all others: a word that is none of them
    scaled = float(text) * column["scale"]
    k = (
        math.ceil(scaled) + column["offset"]
        if column["rounding"] == "up"
        else math.floor(scaled + column["offset"] + 0.5)
    )
    return int(min(max(k, 0), 2 ** column["bits"] - 1))


columns = json.load(open(sys.argv[1], encoding="utf-8"))["columns"]
for row in csv.DictReader(open(sys.argv[2], newline="", encoding="utf-8")):
    print(f"{sum(code(column, row[column['name']]) << column['at'] for column in columns):x}")
