"""Tables that scikit-learn has or makes, as CSV files: python datasets.py NAME [FOLDER]

NAME is breast-cancer, wine, digits or synthetic.
"""

import csv
import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer, load_digits, load_wine, make_classification

SYNTHETIC = {"n_samples": 20_000, "n_features": 54, "n_informative": 20, "n_classes": 7, "class_sep": 1.5}

SETS = {
    "breast-cancer": (load_breast_cancer, "diagnosis"),
    "wine": (load_wine, "cultivar"),
    "digits": (load_digits, "digit"),
}


def table(name):
    """The header, and the rows with the label last."""
    if name == "synthetic":
        x, y = make_classification(**SYNTHETIC, random_state=0)
        return [*(f"x{i}" for i in range(54)), "class"], zip(x.tolist(), y.tolist(), strict=True)
    data, label = SETS[name]
    found = data()
    labels = (str(found.target_names[index]) for index in found.target)
    return [*found.feature_names, label], zip(found.data.tolist(), labels, strict=True)


def write(name, folder=Path()):
    """Write NAME.csv."""
    header, rows = table(name)
    path = Path(folder) / f"{name}.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow(header)
        out.writerows([*row, label] for row, label in rows)
    return path


if __name__ == "__main__":
    print(write(*sys.argv[1:]))
