"""Tables of text: what is understood, and what is refused with line, column and remedy."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgc.bounds import Room
from lgc.data import Table, TableOptions, is_data_file, not_readable, read_table, textfile
from lgc.errors import InputError

PLAIN = "a,b,label\n1,2,x\n3,4.5,y\n-5e1,.5,x\n"
ROWS = [[1.0, 2.0], [3.0, 4.5], [-50.0, 0.5]]

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def read(path: Path, **options: Any) -> Table:
    return read_table(path, TableOptions(**options))


def names(table: Table) -> list[str]:
    return [one.name for one in table.columns]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (PLAIN, "t.csv"),
        (PLAIN, "t.txt"),
        (PLAIN.replace(",", "\t"), "t.tsv"),
        (PLAIN.replace(",", "\t"), "t.data"),
        (PLAIN.replace(",", ";"), "t.csv"),
        (PLAIN.replace(",", "|"), "t.csv"),
        (PLAIN.replace(",", " ,  "), "t.csv"),
        (PLAIN.replace("\n", "\r\n"), "t.csv"),
        (PLAIN.replace("\n", "\r"), "t.csv"),
        (PLAIN.replace("\n", "\n\n  \n"), "t.csv"),
        (PLAIN.rstrip("\n"), "t.csv"),
        (PLAIN.replace("1,2,x", '"1","2","x"'), "t.csv"),
        ("# " + PLAIN, "t.csv"),
        (b"\xef\xbb\xbf" + PLAIN.encode(), "t.csv"),
        (PLAIN.encode("utf-16"), "t.csv"),
        (PLAIN.encode("utf-32"), "t.csv"),
        (gzip.compress(PLAIN.encode(), mtime=0), "t.csv.gz"),
        (lzma.compress(PLAIN.encode()), "t.CSV.XZ"),
        (bz2.compress(PLAIN.replace(",", "\t").encode()), "t.tsv.bz2"),
    ],
)
def test_every_form_of_one_table_is_the_same(content: str | bytes, name: str, write: Write) -> None:
    path = write(content, name)
    assert is_data_file(str(path))
    table = read(path)
    np.testing.assert_array_equal(table.samples, ROWS)
    assert names(table) == ["a", "b"]
    assert table.labels is not None
    assert (table.labels.tolist(), table.label) == (["x", "y", "x"], "label")
    assert table.notes == ()
    assert table.size == path.stat().st_size


@pytest.mark.parametrize(("delimiter", "char"), [("space", " "), (":", ":"), ("comma", ","), ("tab", "\t")])
def test_a_delimiter_that_people_name(delimiter: str, char: str, write: Write) -> None:
    path = write(PLAIN.replace(",", char))
    np.testing.assert_array_equal(read(path, delimiter=delimiter).samples, ROWS)


def test_a_quoted_text_holds_delimiters_quotation_marks_and_lines(write: Write) -> None:
    table = read(write('"a, b";c;label\n"x ""y""\n z";1;p\n"x;y";2;q\n'))
    assert table.columns[0].words == ('x "y" z', "x;y")
    assert names(table) == ["a, b", "c"]


@pytest.mark.parametrize(
    ("content", "header", "expected"),
    [
        ("1,2,x\n3,4,y\n", None, None),
        ("a,b,c\nx,y,z\n", None, ["a", "b", "c"]),
        ("p,x,s\ne,x,s\np,y,t\n", None, None),  # words that come again below are samples
        ("country,2019,2020,label\nde,1,2,x\n", None, ["country", "2019", "2020"]),
        ("country,2019,2020,gdp\nde,1,2,3\n", None, ["country", "2019", "2020", "gdp"]),
        ("0,1,2,3\n5,6,7,8\n", None, ["0", "1", "2", "3"]),
        (",0,1,2,label\n17,5,6,7,x\n3,2,3,4,y\n", None, ["0", "1", "2"]),
        ("1,2\n3,4\n", True, ["1", "2"]),
        ("a,b\nc,d\n", False, None),
        ("?,2\n3,4\n", None, None),
        ("a,\n1,2\n", None, ["a", "Unnamed: 1"]),
    ],
)
def test_whether_the_first_row_has_names(
    content: str, header: bool | None, expected: list[str] | None, write: Write
) -> None:
    table = read(write(content), header=header, missing="drop")
    count = content.count("\n") - (expected is not None)
    assert names(table) == (expected or [f"column {index}" for index in range(1, len(table.columns) + 1)])
    assert len(table.samples) + table.dropped == count
    told = any("first row is a sample" in note for note in table.notes)
    assert told == (expected is None and header is None)


def test_a_first_row_with_a_column_that_people_name_has_names(write: Write) -> None:
    path = write("2019,kind\n2020,x\n2021,y\n")
    assert names(read(path)) == ["column 1", "column 2"]
    assert names(read(path, label="kind")) == ["2019"]


@pytest.mark.parametrize(
    ("label", "expected", "rest"),
    [
        (None, "label", ["a", "b"]), ("a", "a", ["b", "label"]), ("2", "b", ["a", "label"]),
        ("-1", "label", ["a", "b"]), ("-3", "a", ["b", "label"]),
    ],
)  # fmt: skip
def test_the_column_of_the_labels(label: str | None, expected: str, rest: list[str], write: Write) -> None:
    table = read(write("a,b,label\n1,2,3\n4,5,6\n"), label=label)
    assert (table.label, names(table)) == (expected, rest)
    assert table.labels is not None
    assert table.labels.dtype == np.int64


@pytest.mark.parametrize("name", ["label", "Class", "TARGET", "y"])
def test_the_labels_are_found_by_usual_names(name: str, write: Write) -> None:
    assert read(write(f"a,{name}\n1,0\n2,1\n")).label == name


def test_a_table_without_labels_says_which_columns_there_are(write: Write) -> None:
    path = write("a,b,kind\n1,2,3\n")
    with pytest.raises(InputError, match=r"training needs labels. The columns are a, b, kind\..*--label kind") as found:
        read(path).need_labels("training")
    assert found.value.where == str(path)


def test_columns_are_left_out_keep_samples_together_or_are_categories(write: Write) -> None:
    path = write("id,who,size,grade,label\nq1,u,1,07,x\nq2,v,2,7,y\nq3,u,3,8.0,x\n")
    table = read(path, drop=("id",), groups="who", category=("grade",))
    assert names(table) == ["size", "grade"]
    assert table.groups is not None
    assert table.groups.tolist() == ["u", "v", "u"]
    assert table.columns[1].words == ("7", "8")
    np.testing.assert_array_equal(table.samples[:, 1], [0, 0, 1])


def test_what_is_not_read_may_hold_anything(write: Write) -> None:
    lines = "".join(f"{index},text {index} 2024-01-05,{index % 2}\n" for index in range(1500))
    table = read(write(f"a,b,y\n{lines}"), drop=("2",))
    assert table.samples.shape == (1500, 1)


def test_words_are_in_order_whatever_the_order_of_rows(write: Write) -> None:
    table = read(write("a,b,y\nten,10,0\n?,2,1\ntwo,x,0\nten,NA,1\n"))
    assert [one.words for one in table.columns] == [("ten", "two"), ("2", "10", "x")]
    np.testing.assert_array_equal(table.samples, [[0, 1], [-1, 0], [1, 2], [0, -1]])
    assert "The column 'b' has numbers such as 10 and words such as 'x': all 3 are categories." in table.notes


def test_true_and_false_are_numbers(write: Write) -> None:
    table = read(write("a,y\nTrue,0\nfalse,1\n"))
    assert table.columns[0].words == ()
    np.testing.assert_array_equal(table.samples, [[1], [0]])
    assert read(write("a,y\n1,True\n2,False\n")).labels.tolist() == ["True", "False"]  # type: ignore[union-attr]


@pytest.mark.parametrize("gap", ["", "?", "NA", "nan", "NULL", "n/a", "None", "-", "."])
def test_values_that_are_missing(gap: str, write: Write) -> None:
    path = write(f"a,b,label\n1,2,x\n{gap},3,y\n4,{gap},x\n5,6,y\n")
    expected = r"line 3 has no number in the column 'a', and 1 of 4 samples have none.*--missing drop.*--drop a "
    with pytest.raises(InputError, match=expected):
        read(path)
    table = read(path, missing="drop")
    np.testing.assert_array_equal(table.samples, [[1, 2], [5, 6]])
    assert table.labels is not None
    assert (table.labels.tolist(), table.dropped) == (["x", "y"], 2)


def test_texts_that_people_say_are_missing(write: Write) -> None:
    path = write("a,b,label\n1,2,x\n-999,3,y\n4,nope,x\n5,-999.0,y\n")
    table = read(path, missing="drop", na=("-999", "NOPE"))
    np.testing.assert_array_equal(table.samples, [[1, 2]])


def test_labels_that_are_missing(write: Write) -> None:
    path = write("a,label\n1,none\n2,\n3,mild\n")
    with pytest.raises(InputError, match="line 3 has no label in the column 'label', and 1 of 3 samples"):
        read(path)
    assert read(path, missing="drop").labels.tolist() == ["none", "mild"]  # type: ignore[union-attr]
    assert read(write("a,label\n1,\n2,\n")).labels is None  # as of samples to be classified


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("a,b\n1,2\n3\n", "line 3 has 1 cells, but the first row has 2"),
        ("a,b\n1,2\n\n3,4,5\n", "line 4 has 3 cells"),
        ('a,b\n"1\n2",2\n3,4,5\n', "line 4 has 3 cells"),
        ("a,b,a\n1,2,3\n", "columns 1 and 3 have the same name, 'a'.*--no-header"),
        ("", "the file has no rows"),
        ("\n \n", "the file has no rows"),
        ("a,b\n", "a row of names and no rows below"),
        ("y\n1\n2\n", "no column is left for features. The table has the column y"),
        ("class,target,a\n1,2,3\n", "'class' and 'target' both look like.*--label class.*--drop target"),
        ('a,b\n1,2\n1,"2\n3,4\n', "line 3 begins a row with a quotation mark that is not closed"),
        ('a,b\n1,"2"3\n', "line 2 begins a row that cannot be read.*Quotation marks come in pairs"),
        ("a,b\n1," + "q" * 200_000 + "\n", "line 2 begins a row with a text of more than 131,072 characters"),
        ("a,b\n1," + "q" * 300 + "\n", "line 2: the column 'b' has a text of 300 characters"),
        ("a,b\nx\x07,2\n", r"line 2: the column 'a' has a text with the character '\\x07'"),
        (b"a,b\n1,\0\n", "line 2 has a NUL byte.*UTF-16"),
        (b"a,b\n" + b"1,2\n" * 40_000 + b"1,\0\n", r"line 40002: the column 'b' has .*'\\x00'|'b' has '\?' among"),
        (b"a,b\n1,caf\xe9\n", r"line 2 is no UTF-8 text: it has the byte 0xe9.*iconv -f latin1 -t utf8 t.csv"),
        (b"a,b\n" + b"1,2\n" * 90_000 + b"1,caf\xe9\n", "line 90002 is no UTF-8 text"),
        (b"\xff\xfea\0,\0b\0\n\0\x00\xd8", "is no UTF-16 text"),
        ("when,b\n2024-01-05,1\n2024-01-06,2\n", "line 2: the column 'when' holds dates.*'2024-01-05'.*days since"),
        ("when,b\n05.01.2024,1\n06.01.2024,2\n", "holds dates"),
        ("when,b\n1/5/24 10:30,1\n1/6/24 11:30,2\n", "holds dates"),
        ("when,b\n10:30,1\n11:45:10,2\n", "holds dates or times"),
        ('a,b\n"1,234",1\n"2,345.5",2\n', "line 2: the column 'a' holds numbers with a comma.*1234.5"),
        ("a;b\n1,5;1\n2,5;2\n", "holds numbers with a comma"),
        ("a,b\n0x1F,1\n0x20,2\n", "holds numbers that are not decimal, such as '0x1F'"),
        ("a,b\n1_000,1\n2_000,2\n", "holds numbers with underscores"),
        ("a,b\n10 %,1\n20 %,2\n", "holds numbers with a unit, such as '10 %'"),
        ("a,b\n$10,1\n$20.5,2\n", "holds numbers with a unit"),
        ("a,b\n1,2\n1e400,2\n", "line 3: the column 'a' has the number 1e400.*--na 1e400"),
        ("a,b\n-inf,2\n1,2\n", "line 2: the column 'a' has the number -inf"),
        ("a,b\n" + "".join(f"{i},1\n" for i in range(30)) + "oops,2\n",
         "line 32: the column 'a' has 'oops' among numbers such as 0.*--na oops.*--category a.*--drop a"),
        ("a,b\n" + "".join(f"{i},1\n" for i in range(3000)) + "oops,2\n", "line 3002: the column 'a' has 'oops' among"),
        ("a,b\nx,1\n" + "".join(f"{i},1\n" for i in range(30)), "line 2: the column 'a' has 'x' among numbers"),
        ("a,b\n" + "".join(f"n{i},1\n" for i in range(100)),
         "'a' holds 100 different texts in 100 rows, such as 'n0'.*--drop a; or keep all with --category a"),
        ("a,b\n" + "".join(f"n{i},1\n" for i in range(3000)), "'a' holds more than 1,000 different texts"),
        ("a,b\n" + "".join(f"2024-01-05 {i},1\n" for i in range(3000)), "holds dates or times"),
        (b"PK\x03\x04...", "a zip archive or an Excel file, not text. Save the sheet as CSV"),
        (b"PAR1...", "a Parquet file, not text"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), r"packed by gzip, not text. Let its name end in \.gz"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(content: str | bytes, match: str, write: Write) -> None:
    path = write(content)
    with pytest.raises(InputError, match=match) as found:
        read(path, header=True if isinstance(content, str) and content.startswith("a,b\n") else None)
    assert found.value.where == str(path)
    assert len(str(found.value)) < 600


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"label": "lable"}, r"no column 'lable' for --label. Did you mean --label label\?"),
        ({"label": "LABEL"}, "Did you mean --label label"),
        ({"label": "9"}, "no column '9' for --label. It has the columns a, b, label; --label also takes a number"),
        ({"label": "0"}, "no column '0'"),
        ({"drop": ("q",)}, "no column 'q' for --drop"),
        ({"groups": "q"}, "no column 'q' for --group"),
        ({"category": ("q",)}, "no column 'q' for --category"),
        ({"label": "a", "drop": ("a",)}, "'a' is named by --label and --drop"),
        ({"drop": ("a", "b")}, "no column is left for features"),
        ({"delimiter": "ab"}, "the delimiter is 'ab'.*tab, comma"),
        ({"delimiter": '"'}, "the delimiter is"),
    ],
)
def test_options_that_fit_no_column(options: dict[str, Any], match: str, write: Write) -> None:
    with pytest.raises(InputError, match=match):
        read(write(PLAIN), **options)


def test_a_column_that_numbers_the_rows(write: Write) -> None:
    lines = [f"{index},{index * index % 7}.5,x\n" for index in range(30)]
    assert "The column 'id' counts the rows." in "".join(read(write("id,a,label\n" + "".join(lines))).notes)
    table = read(write(",a,label\n" + "".join(lines[3:] + lines[:3])))
    assert names(table) == ["a"]
    assert "The first column has no name and numbers the rows: it is left out." in table.notes


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".bz2"])
def test_packed_text_that_is_damaged_or_far_too_large(
    suffix: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress}[suffix]
    whole = pack(PLAIN.encode() * 1000)
    for content in (b"plain", whole[: len(whole) // 2]):
        with pytest.raises(InputError, match=f"no readable .{suffix[1:]} file|cannot be read"):
            read(write(content, f"t.csv{suffix}"))
    monkeypatch.setattr(textfile, "_UNPACKED", Room(1 << 16, 10))
    bomb = write(pack(b"0,0,0,0\n" * 100_000), f"bomb.csv{suffix}")
    with pytest.raises(InputError, match=r"unpacks to far more.*LGC_READ_LIMIT"):
        read(bomb)
    monkeypatch.setenv("LGC_READ_LIMIT", "100")
    assert read(bomb, header=False).samples.shape == (100_000, 4)


def test_other_files_are_refused_with_a_way(tmp_path: Path) -> None:
    assert not is_data_file("t.xlsx")
    assert not is_data_file("t.npz.gz")
    with pytest.raises(InputError, match=r"does not read .xlsx files. Save the sheet as CSV"):
        read(tmp_path / "t.xlsx")
    assert "there is no data set 'irsi'. Give iris, a .npz, .npy" in str(not_readable("irsi", ("iris",)))
    with pytest.raises(InputError, match="there is no such file"):
        read(tmp_path / "t.csv")
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory\)"):
        (tmp_path / "f.csv").mkdir()
        read(tmp_path / "f.csv")


def test_memory_is_little_more_than_the_cells(write: Write) -> None:
    """A measured peak of at most half more than eight bytes a cell."""
    line, count = "1.25,3,-0.5,17,22,1e-3,0\n", 20_000
    path = write("a,b,c,d,e,f,y\n" + line * count)
    tracemalloc.start()
    table = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert table.samples.shape == (count, 6)
    assert peak < 1.5 * 8 * 7 * count + (2 << 20)


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.lists(st.tuples(finite, finite, st.sampled_from("pqr")), min_size=1, max_size=30),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_numbers_are_read_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, float, str]], delimiter: str, end: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "numbers.csv"
    lines = ["a b", "c", "label"], *([repr(a), repr(b), c] for a, b, c in rows)
    path.write_bytes("".join(delimiter.join(line) + end for line in lines).encode())
    table = read(path)
    np.testing.assert_array_equal(table.samples, np.array([row[:2] for row in rows]))
    assert table.labels is not None
    assert table.labels.tolist() == [row[2] for row in rows]


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(["utf-8", "utf-16"]))
def test_any_text_is_a_table_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str, encoding: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(text.encode(encoding))
    try:
        table = read(path)
    except InputError as error:
        assert error.where == str(path)
    else:
        assert np.isfinite(table.samples).all()
