"""Files are replaced whole or not at all, and nothing temporary stays behind."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from lgc.errors import LgcError, OutputError
from lgc.files import replacing, write_text


def only(folder: Path, *names: str) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)


def test_a_new_file(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "é\nline\n")
    assert (tmp_path / "a.txt").read_bytes() == "é\nline\n".encode()
    only(tmp_path, "a.txt")


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("a much longer old text")
    write_text(str(path), "new")
    assert path.read_text() == "new"
    only(tmp_path, "a.txt")


def test_the_old_file_is_there_until_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == path.parent, "a rename must not cross file systems"
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, LgcError, SystemExit])
@pytest.mark.parametrize("old", [None, "old"])
def test_a_failure_leaves_the_old_file_or_none_and_passes_through(
    tmp_path: Path, error: type[BaseException], old: str | None
) -> None:
    path = tmp_path / "a.txt"
    if old is not None:
        path.write_text(old)
    with pytest.raises(error), replacing(path) as temporary:
        temporary.write_text("half of")
        raise error("stop")
    if old is not None:
        assert path.read_text() == old
    only(tmp_path, *(["a.txt"] if old else []))


def test_a_full_disk_is_an_output_error(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OutputError, match="No space left") as caught, replacing(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.where == str(path)
    assert path.read_text() == "old"
    only(tmp_path, "a.txt")


def test_a_rename_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last step is one rename: the old file is never removed first."""

    def fail(self: Path, target: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    path = tmp_path / "a.txt"
    path.write_text("old")
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OutputError, match="Input/output error"):
        write_text(path, "new")
    assert path.read_text() == "old"
    only(tmp_path, "a.txt")


def test_a_missing_folder_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write: No such file") as caught:
        write_text(tmp_path / "no" / "a.txt", "x")
    assert caught.value.where == str(tmp_path / "no" / "a.txt")
    only(tmp_path)


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="a folder, not a file"):
        write_text(tmp_path, "x")
    assert tmp_path.is_dir()


def test_a_new_file_has_the_mode_that_open_gives(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "x")
    (tmp_path / "b.txt").write_text("x")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a.txt", "b.txt")]
    assert modes[0] == modes[1]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"
    only(tmp_path, "real.txt", "link.txt")


def test_a_device_is_written_not_replaced(tmp_path: Path) -> None:
    """``-o /dev/null`` as root must not turn the device into a file. A pipe stands for it here."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_text(pipe, "through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    only(tmp_path, "pipe")


def test_a_name_of_the_greatest_length(tmp_path: Path) -> None:
    name = "a" * 255
    write_text(tmp_path / name, "x")
    only(tmp_path, name)


def test_an_error_about_another_file_passes_through(tmp_path: Path) -> None:
    """A missing compiler, or an input that cannot be read, must not be blamed on the output."""
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "a.txt"):
        (tmp_path / "missing.txt").read_text()
    assert caught.value.filename == str(tmp_path / "missing.txt")
    with pytest.raises(TimeoutError), replacing(tmp_path / "a.txt"):
        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    only(tmp_path)


def test_a_temporary_file_that_is_taken_away_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write: No such file") as caught, replacing(tmp_path / "a.txt") as own:
        own.unlink()
        own.open("r+")
    assert caught.value.where == str(tmp_path / "a.txt")


def test_a_name_that_is_too_long_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="too long"):
        write_text(tmp_path / ("a" * 300), "x")
