"""NSL-KDD as CSV files with classes for attacks: python nslkdd.py 2|5 [FOLDER]

Reads KDDTrain+_20Percent.csv.xz and KDDTest+.csv.xz of the folder nsl-kdd in the folder that LGC_DATA names. The 39
attacks are put into four kinds as published with the data (Tavallaee et al. 2009): denial of service, probing, access
from afar (r2l), and rights that a user has not (u2r). With two classes they are all attacks. 17 of them are in the test
samples only, and the test has other shares of them, so a good classifier has less than 80 %.
"""

import csv
import lzma
import os
import sys
from pathlib import Path

KINDS = {
    "normal": "normal",
    "dos": "apache2 back land mailbomb neptune pod processtable smurf teardrop udpstorm worm",
    "probe": "ipsweep mscan nmap portsweep saint satan",
    "r2l": "ftp_write guess_passwd httptunnel imap multihop named phf sendmail snmpgetattack snmpguess spy warezclient"
    " warezmaster xlock xsnoop",
    "u2r": "buffer_overflow loadmodule perl ps rootkit sqlattack xterm",
}
KIND_OF = {attack: kind for kind, attacks in KINDS.items() for attack in attacks.split()}
FILES = {"train": "KDDTrain+_20Percent.csv.xz", "test": "KDDTest+.csv.xz"}


def rows(part, classes):
    """The header, and rows of 41 features and a label. The level of difficulty is left out: it is no feature."""
    path = Path(os.environ.get("LGC_DATA", ".")) / "nsl-kdd" / FILES[part]
    with lzma.open(path, "rt", encoding="utf-8", newline="") as stream:
        header, *found = csv.reader(stream)
    assert header[-2:] == ["attack", "level"], f"{path} has other columns"
    yield [*header[:-2], "label"]
    for *features, attack, _ in found:
        kind = KIND_OF[attack]
        yield [*features, kind if classes == 5 or kind == "normal" else "attack"]


def write(classes, folder=Path()):
    """Write the training and the test samples; the paths of both."""
    paths = [Path(folder) / f"nsl-kdd-{classes}-{part}.csv" for part in FILES]
    for part, path in zip(FILES, paths, strict=True):
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows(rows(part, classes))
    return tuple(paths)


if __name__ == "__main__":
    print(*write(int(sys.argv[1]), *sys.argv[2:]))
