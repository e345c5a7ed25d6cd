"""Tables that scikit-learn has or makes, as CSV files: python datasets.py breast-cancer|wine|synthetic [FOLDER]"""

import csv
import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer, load_wine, make_classification

SYNTHETIC = {"n_samples": 20_000, "n_features": 54, "n_informative": 20, "n_classes": 7, "random_state": 0}


def table(name):
    """The header, and the rows with the label last."""
    if name == "synthetic":
        x, y = make_classification(**SYNTHETIC)
        return [*(f"x{i}" for i in range(54)), "class"], zip(x.tolist(), y.tolist(), strict=True)
    data, label = {"breast-cancer": (load_breast_cancer, "diagnosis"), "wine": (load_wine, "cultivar")}[name]
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
