"""Accuracy beside scikit-learn's classifiers on the same splits: python compare.py [TABLE ...] [--seeds 5]

Prints a Markdown table of means and deviations over the seeds, each of which draws its own split and its own network.
Nothing is said to lgc but the file and the column of the labels. NSL-KDD and digits are among the tables, too.
"""

import argparse
import csv
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from run import LABELS, NSL_KDD, files
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import lgc
from lgc.data.split import HELD_OUT, split

OTHERS = {
    "logistic regression": lambda seed: LogisticRegression(max_iter=2000, random_state=seed),
    "random forest": lambda seed: RandomForestClassifier(random_state=seed),
    "gradient boosting": lambda seed: HistGradientBoostingClassifier(random_state=seed),
}


def read(path, label):
    """Columns, as floats where they are numbers, and labels."""
    with path.open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    at = header.index(label)
    cells = np.array([[*row[:at], *row[at + 1 :]] for row in rows], object)
    for index in range(cells.shape[1]):
        try:
            cells[:, index] = cells[:, index].astype(float)
        except ValueError:
            continue
    return cells, np.array([row[at] for row in rows])


def samples(table, test, label, seed):
    """Training and test samples, as `lgc train` splits them."""
    x, y = read(table, label)
    if test is not None:
        return x, y, *read(test, label)
    rest, held = split(np.unique(y, return_inverse=True)[1], HELD_OUT, seed)
    return x[rest], y[rest], x[held], y[held]


def others(x, y, x_test, y_test, seed):
    """Accuracy of each of scikit-learn's classifiers, with its defaults; words are one column each, numbers scaled."""
    words = [index for index in range(x.shape[1]) if isinstance(x[0, index], str)]
    numbers = [index for index in range(x.shape[1]) if index not in words]
    for name, make in OTHERS.items():
        columns = make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), words), (StandardScaler(), numbers)
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of iterations that end early
            yield name, make_pipeline(columns, make(seed)).fit(x, y).score(x_test, y_test)


def measured(name, folder, seeds, *, alone=False):
    """Of each classifier the accuracies over the seeds, and the seconds that lgc took to train."""
    table, test, label = files(name, folder)
    found, seconds = {"lgc": []}, []
    for seed in range(seeds):
        started = time.process_time()
        trained = lgc.train(str(table), label=label, test=test, seed=seed, split_seed=seed)
        seconds.append(time.process_time() - started)
        found["lgc"].append(trained.record["test_accuracy"])
        for other, accuracy in () if alone else others(*samples(table, test, label, seed), seed):
            found.setdefault(other, []).append(accuracy)
    return found, statistics.mean(seconds)


def shown(accuracies):
    """Mean and deviation in percent."""
    deviation = statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0
    return f"{100 * statistics.mean(accuracies):.2f} ± {100 * deviation:.2f}"


def main():
    """A row a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*", default=[*LABELS, *NSL_KDD], metavar="TABLE")
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--alone", action="store_true", help="lgc only")
    asked = options.parse_args()
    headings = ["table", "lgc", *([] if asked.alone else OTHERS), "processor seconds to train"]
    print(f"| {' | '.join(headings)} |\n|{'---|' * len(headings)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in asked.names:
            found, seconds = measured(name, Path(folder), asked.seeds, alone=asked.alone)
            print(f"| `{name}` | {' | '.join(map(shown, found.values()))} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
