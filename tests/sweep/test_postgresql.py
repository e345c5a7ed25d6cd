"""A study in a real PostgreSQL, started from the system's package for the test, by a user with a password."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sweeping import Processes, free_port

import lgc
from lgc.errors import LgcError, OptionError
from lgc.sweep.goals import Goal
from lgc.sweep.space import Between, Space
from lgc.sweep.study import Plan, Study

pytestmark = pytest.mark.slow

PASSWORD = "s3cr/et"
SPACE = """
dataset = "digits"
gates = {low = 20, high = 200, step = 10}
epochs = 1
wiring = ["topk:8"]
sweep.measure = false
sweep.trials = 6
"""


def programs() -> Path:
    """Where PostgreSQL's programs are; Debian keeps them away from PATH."""
    found = [*sorted(Path("/usr/lib/postgresql").glob("*/bin")), Path(shutil.which("initdb") or "/none/initdb").parent]
    folder = next((one for one in found if (one / "initdb").exists()), None)
    if folder is None:
        pytest.skip("PostgreSQL is not installed")
    return folder


def as_user(*words: str, folder: Path) -> None:
    """PostgreSQL does not run as root: so somebody else runs it there."""
    user: int | None = None
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody").pw_uid
        for one in (folder, *folder.rglob("*")):
            os.chown(one, user, -1)
    subprocess.run(words, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    import tempfile

    binaries, port = programs(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="lgc-postgres-"))
    (folder / "password").write_text(PASSWORD)
    data = str(folder / "data")
    try:
        as_user(
            str(binaries / "initdb"), "-D", data, "-U", "ann", "-A", "scram-sha-256", "--pwfile",
            str(folder / "password"), folder=folder,
        )  # fmt: skip
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off"
        as_user(
            str(binaries / "pg_ctl"), "-D", data, "-w", "-o", options, "-l", f"{folder}/log", "start", folder=folder
        )
        yield f"postgresql+psycopg://ann:s3cr%2Fet@127.0.0.1:{port}/postgres"
        as_user(str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "stop", folder=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_sweep_in_postgresql_is_that_in_sqlite(url: str, tmp_path: Path) -> None:
    """By the environment's URL; ended and resumed; and the password is nowhere in the folder or in what is printed."""
    (tmp_path / "space.toml").write_text(SPACE)
    here = lgc.sweep(tmp_path / "space.toml", tmp_path / "here", workers=1)
    with Processes(tmp_path) as processes, pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sweeping").ENVIRONMENT, "LGC_SWEEP_STORAGE", url)
        first = processes.sweep("space.toml", "-o", "there", "--trials", "3", "--workers", "1")
        assert first.wait(600) == 0, processes.said("client")
        again = processes.sweep("-o", "there", "--resume", "--trials", "6", "--workers", "1")
        assert again.wait(600) == 0, processes.said("client")
        status = processes.sweep("status", "there")
        assert status.wait(600) == 0, processes.said("client")
        said = processes.said("client")
    assert "is kept nowhere" in said and "6 of 6 trials done" in said
    assert (tmp_path / "there" / "trials.csv").read_text() == (here.folder / "trials.csv").read_text()
    assert not (tmp_path / "there" / "study.db").exists()
    texts = [path.read_bytes() for path in (tmp_path / "there").rglob("*") if path.is_file()]
    for secret in (b"s3cr", b"s3cr%2Fet"):
        assert secret not in said.encode() and not any(secret in text for text in texts)
    with pytest.raises(OptionError, match="has a password, which lgc does not keep"):
        lgc.sweep(output=tmp_path / "there", resume=True, workers=1)


def test_a_wrong_password_is_refused_without_saying_it(url: str, tmp_path: Path) -> None:
    (tmp_path / "space.toml").write_text(SPACE)
    with pytest.raises(LgcError) as error:
        lgc.sweep(tmp_path / "space.toml", tmp_path / "out", workers=1, storage=url.replace("s3cr%2Fet", "wr0ng"))
    assert "wr0ng" not in str(error.value) and "ann" in str(error.value)
    assert not (tmp_path / "out").exists()


def test_two_sweeps_share_a_database(url: str) -> None:
    """Each has its own study in it; trials of one are not those of the other."""
    plan = Plan(Space({}, {"gates": Between(1, 9)}, {}), (Goal("accuracy"), Goal("gates")), (), "tpe", 0, 2, 4)
    with (
        Study(url, "one", {"id": "1"}, plan, new=True) as one,
        Study(url, "other", {"id": "2"}, plan, new=True) as other,
    ):
        trials = [one.ask(), other.ask(), one.ask()]
    assert [trial and trial.number for trial in trials] == [0, 0, 1]
    with pytest.raises(LgcError, match="belongs to another sweep's folder"):
        Study(url, "one", {"id": "2"}, plan, new=False)
