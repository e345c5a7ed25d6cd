"""What examples/ci and the action say works: their steps are taken out of the files and run in a fresh environment."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest

sys.path.insert(0, str(Path(__file__).parent / "cli"))
from cli import save
from fresh import Fresh

from lgc.cli import cli

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parent.parent
CI = ROOT / "examples" / "ci"
ACTION = ROOT / ".github" / "actions" / "lgc-verify" / "action.yml"
TORCH_INDEX = "--extra-index-url https://download.pytorch.org/whl/cpu"
NOT_LGC = re.compile(r"apt-get|rm -rf")
"""What changes the machine and not the environment: other tests' machines are not for that."""


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def action_steps() -> list[dict[str, Any]]:
    return [step for step in read(ACTION)["runs"]["steps"] if "run" in step]


def gitlab_lines() -> list[str]:
    job = read(CI / "gitlab.yml")[".lgc-verify"]
    return [*job["before_script"], *job["script"]]


def docker_lines() -> list[str]:
    text = (CI / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(r"^RUN (.*)$", text, flags=re.MULTILINE)


def commands() -> list[str]:
    lines = [*(step["run"] for step in action_steps()), *gitlab_lines(), *docker_lines()]
    return [line.replace("\\\n", " ") for line in lines]


def test_every_option_that_is_used_exists() -> None:
    found = re.findall(r"^\s*lgc ([a-z]+) (.*)$", "\n".join(commands()), flags=re.MULTILINE)
    assert {name for name, _ in found} >= {"doctor", "compile", "verify", "inspect"}
    for name, rest in found:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        options = {flag for one in command.params for flag in one.opts}
        assert set(re.findall(r"(?<!\S)-{1,2}[a-z][a-z-]*", rest)) <= options, f"lgc {name} {rest}"


def test_every_step_is_a_script_that_bash_reads() -> None:
    for line in commands():
        done = subprocess.run(["bash", "-n"], input=line, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stderr}"


def test_the_inputs_of_the_action_are_used_and_no_others() -> None:
    """Inputs reach a script by the environment alone: pasted into its text they would be run."""
    action = read(ACTION)
    text = ACTION.read_text(encoding="utf-8")
    assert set(re.findall(r"\binputs\.(\w+)", text)) == set(action["inputs"])
    assert all("${{" not in step["run"] for step in action_steps())
    for page in (CI / "hardware.yml", ROOT / "docs" / "tutorials" / "ci.md"):
        given = re.search(r"lgc-verify@.*\n\s+with:\n((?:\s+\w+: .*\n)+)", page.read_text(encoding="utf-8"))
        assert given and set(re.findall(r"^\s+(\w+):", given[1], flags=re.MULTILINE)) <= set(action["inputs"])


def test_actions_of_others_are_at_a_commit() -> None:
    used = re.findall(r"uses: (\S+)", ACTION.read_text(encoding="utf-8"))
    assert used and all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", one) for one in used)


def test_the_model_of_the_workflow_exists() -> None:
    (job,) = read(CI / "hardware.yml")["jobs"].values()
    (step,) = [one for one in job["steps"] if "lgc-verify@" in one.get("uses", "")]
    assert (ROOT / step["with"]["model"]).exists()


def test_the_variables_of_the_template_are_those_of_the_tutorial() -> None:
    text = (ROOT / "docs" / "tutorials" / "ci.md").read_text(encoding="utf-8")
    shown = yaml.safe_load(re.search(r'```yaml title=".gitlab-ci.yml"\n(.*?)```', text, flags=re.DOTALL)[1])
    assert set(shown["hardware"]["variables"]) <= set(read(CI / "gitlab.yml")[".lgc-verify"]["variables"])


# --- slow: run in a fresh environment


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    folder = tmp_path_factory.mktemp("fresh")
    made = Fresh(folder)
    save(made.folder / "model.pt")
    yield made
    shutil.rmtree(folder)  # torch is large


def run_action(fresh: Fresh, **inputs: str) -> list[tuple[str, int, str]]:
    """Names, exit codes and outputs of the steps, up to the first that fails; always() runs all the same."""
    files = {name: fresh.folder / name.lower() for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for path in files.values():
        path.write_text("")
    given = {name: one.get("default", "") for name, one in read(ACTION)["inputs"].items()} | inputs
    done: list[tuple[str, int, str]] = []
    for step in action_steps():
        condition = step.get("if", "")
        if not holds(condition, given) or (condition != "always()" and any(code for _, code, _ in done)):
            continue
        variables = {name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda m: given[m[1]], value)
                     for name, value in step.get("env", {}).items()}  # fmt: skip
        variables |= {name: str(path) for name, path in files.items()}
        variables |= dict(line.split("=", 1) for line in files["GITHUB_ENV"].read_text().splitlines())
        variables["GITHUB_ACTION_PATH"] = str(fresh.checkout / ACTION.parent.relative_to(ROOT))
        result = fresh.run(step["run"], **variables)
        done.append((step["name"], result.returncode, result.stdout))
    return done


def holds(condition: str, given: Mapping[str, str]) -> bool:
    """The conditions that the action has: of an input, or always()."""
    compared = re.fullmatch(r"inputs\.(\w+) (==|!=) '(\w*)'", condition)
    assert compared or condition in ("", "always()")
    return compared is None or (given[compared[1]] == compared[3]) == (compared[2] == "==")


@pytest.mark.slow
@pytest.mark.sim
def test_the_action_passes_and_fails(fresh: Fresh) -> None:
    done = run_action(fresh, model="model.pt", verify="--random 100")
    assert [code for _, code, _ in done] == [0] * 6, done
    assert (fresh.folder / "lgc-verify" / "verify.xml").exists()
    assert "model.pt: ${{ job.status }}" in (fresh.folder / "github_step_summary").read_text()
    net = fresh.folder / "lgc-verify" / "net.v"
    broken = re.sub(r"(LGC_GATE votes.*) & ", r"\1 | ", net.read_text(), count=1)
    assert broken != net.read_text()
    (fresh.folder / "net.v").write_text(broken)
    shutil.copy(net.with_suffix(".json"), fresh.folder / "net.json")
    done = run_action(fresh, model="model.pt", file="net.v", verify="--random 100 --force")
    assert [(name, code) for name, code, _ in done][-2:] == [("Every score of every vector", 1), ("Summary", 0)]


@pytest.mark.slow
@pytest.mark.sim
def test_the_template_of_gitlab_passes(fresh: Fresh) -> None:
    variables = read(CI / "gitlab.yml")[".lgc-verify"]["variables"] | {"CI_PROJECT_DIR": str(fresh.folder)}
    variables |= {"LGC": f"{fresh.checkout}[torch,sim,sat,yosys]", "VERIFY": "--random 100"}
    variables["LGC_CACHE"] = variables["LGC_CACHE"].replace("$CI_PROJECT_DIR", str(fresh.folder))
    for line in gitlab_lines():
        if not NOT_LGC.search(line):
            done = fresh.run(line, **variables)
            assert done.returncode == 0, f"{line}\n{done.stdout}"
    assert (fresh.folder / "lgc-verify" / "verify.xml").exists()


@pytest.mark.slow
@pytest.mark.sim
def test_what_the_image_installs_works(fresh: Fresh) -> None:
    """Its files are those that it copies, and no others."""
    image = fresh.folder.parent / "image"
    text = (CI / "Dockerfile").read_text(encoding="utf-8")
    for names, target in re.findall(r"^COPY (.*) (\S+)$", text, flags=re.MULTILINE):
        for name in names.split():
            to = image / Path(target).relative_to("/")
            to = to / name if target.endswith("/") else to
            to.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, to)
    installs = [line for line in docker_lines() if not NOT_LGC.search(line)]
    assert len(installs) == 1
    done = fresh.run(installs[0].replace('"/lgc', f'"{image}/lgc'))
    assert done.returncode == 0, done.stdout
    assert re.search(r'^ENTRYPOINT \["lgc"\]$', text, flags=re.MULTILINE)
    done = fresh.run("lgc compile model.pt -o net.v && lgc verify model.pt net.v --formal")
    assert done.returncode == 0, done.stdout
