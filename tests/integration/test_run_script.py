"""./run on machines that lack things, and on one that has them: a toy project with the real script."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("bash", "cat", "cut", "dirname", "env", "grep", "id", "mv", "rm", "sh", "tail", "tr")
"""What ./run may use beside Python."""

BACKEND = """
import zipfile

FILES = {
    "toy.py": "import sys\\ndef main(): print('toy', *sys.argv[1:])\\n",
    "toy-1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: toy\\nVersion: 1\\n",
    "toy-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nGenerator: toy\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "toy-1.dist-info/entry_points.txt": "[console_scripts]\\nhub = toy:main\\n",
    "toy-1.dist-info/RECORD": "",
}

def build_editable(folder, settings=None, metadata=None):
    with zipfile.ZipFile(folder + "/toy-1-py3-none-any.whl", "w") as wheel:
        for name, text in FILES.items():
            wheel.writestr(name, text)
    return "toy-1-py3-none-any.whl"
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PATH with the tools of a small machine and no Python."""
    folder = tmp_path_factory.mktemp("tools")
    for name in TOOLS:
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return folder


@pytest.fixture
def machine(tools: Path, tmp_path: Path) -> Path:
    """A copy of `tools` that a test may add a Python to."""
    return Path(shutil.copytree(tools, tmp_path / "bin", symlinks=True))


def toy(folder: Path, lock: str = "") -> Path:
    """A project that ./run can install without a network, unless `lock` names a package."""
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "run", folder)
    (folder / "backend.py").write_text(BACKEND, encoding="utf-8")
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (folder / "requirements.lock").write_text(lock, encoding="utf-8")
    return folder


def run(project: Path, *arguments: str, path: Path | str, **more: str) -> subprocess.CompletedProcess[str]:
    """./run of a project, started from another folder, with only `path` to find programs in."""
    env = {"PATH": str(path), "HOME": str(project), "LANG": "C.UTF-8", "PIP_CONFIG_FILE": os.devnull, **more}
    command = [str(project / "run"), *arguments]
    return subprocess.run(command, env=env, cwd="/", capture_output=True, text=True, timeout=300, check=False)


def fake_python(folder: Path, answer: str) -> None:
    """A python3 that answers every question the same."""
    program = folder / "python3"
    program.write_text(f"#!/bin/sh\nprintf '{answer}'\n", encoding="utf-8")
    program.chmod(0o755)


def real_python(folder: Path) -> None:
    """The interpreter of this test as python3, without the environment it may live in."""
    (folder / "python3").symlink_to(Path(sys.base_prefix) / "bin" / "python3")


def test_usage_needs_nothing_and_shows_every_verb(tools: Path) -> None:
    for arguments in ((), ("--help",), ("-h",)):
        told = run(ROOT, *arguments, path=tools)
        assert told.returncode == 0
        for verb in ("demo", "test", "check", "bench", "hub"):
            assert f"./run {verb}" in told.stdout


def test_an_unknown_verb_is_named(tools: Path) -> None:
    told = run(ROOT, "dmeo", path=tools)
    assert told.returncode == 2
    assert "no verb 'dmeo'" in told.stderr


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (None, "needs Python 3.11 or newer, and there is none"),
        ("old", "needs Python 3.11 or newer, and python3 is old"),
        ("new\\n", "python3 has no venv module; install it"),
    ],
)
def test_a_missing_python_is_one_sentence(tmp_path: Path, machine: Path, answer: str | None, sentence: str) -> None:
    if answer:
        fake_python(machine, answer)
    project = toy(tmp_path / "project")
    told = run(project, "hub", path=machine)
    assert told.returncode == 1
    assert sentence in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert not (project / ".venv").exists()


@pytest.mark.heavy
def test_a_missing_network_is_one_sentence(tmp_path: Path, machine: Path) -> None:
    real_python(machine)
    lock = f"nowhere==1.0 --hash=sha256:{'0' * 64}\n"
    project = toy(tmp_path / "project", lock)
    told = run(project, "hub", path=machine, PIP_INDEX_URL="http://127.0.0.1:9/", PIP_NO_CACHE_DIR="1")
    assert told.returncode == 1
    assert "no network" in told.stderr.splitlines()[-1]
    assert len(told.stderr.splitlines()) == 2, "what it does, and why it cannot"
    again = run(project, "hub", path=machine, PIP_INDEX_URL="http://127.0.0.1:9/", PIP_NO_CACHE_DIR="1")
    assert again.returncode == 1, "a failed installation is not taken for a complete one"


@pytest.mark.heavy
def test_it_installs_once_and_repairs_what_was_interrupted(tmp_path: Path, machine: Path) -> None:
    real_python(machine)
    project = toy(tmp_path / "a folder with spaces" / "城市")

    first = run(project, "hub", "serve", "--port", "0", path=machine)
    assert first.stderr.startswith("./run: making .venv")
    assert (first.returncode, first.stdout) == (0, "toy serve --port 0\n")

    second = run(project, "demo", "--seconds", "3", path=machine)
    assert (second.returncode, second.stdout, second.stderr) == (0, "toy demo --seconds 3\n", "")

    (project / "requirements.lock").write_text("# renewed\n", encoding="utf-8")
    renewed = run(project, "hub", path=machine)
    assert renewed.stderr.startswith("./run: bringing .venv up to date")
    assert run(project, "hub", path=machine).stderr == ""

    (project / ".venv" / ".installed").unlink()  # as an installation leaves it that was killed half way
    (project / ".venv" / "bin" / "hub").unlink()
    repaired = run(project, "hub", "again", path=machine)
    assert repaired.stderr.startswith("./run: making .venv")
    assert (repaired.returncode, repaired.stdout) == (0, "toy again\n")

    moved = project.rename(tmp_path / "moved")  # an environment has its own place written into it
    after = run(moved, "hub", "here", path=machine)
    assert after.stderr.startswith("./run: making .venv")
    assert (after.returncode, after.stdout) == (0, "toy here\n")


def test_check_runs_all_and_names_what_failed(tmp_path: Path, machine: Path) -> None:
    real_python(machine)
    project = toy(tmp_path / "project")
    assert run(project, "hub", path=machine).returncode == 0
    programs = project / ".venv" / "bin"
    for name, status in {"ruff": 0, "mypy": 1, "lint-imports": 0}.items():
        program = programs / name
        program.write_text(f"#!/bin/sh\necho {name} $*\nexit {status}\n", encoding="utf-8")
        program.chmod(0o755)
    (project / "tests" / "support").mkdir(parents=True)
    for tool in ("unused", "licences"):
        (project / "tests" / "support" / f"{tool}.py").write_text(f"print({tool!r})", encoding="utf-8")
    failed = run(project, "check", path=machine)
    assert failed.returncode == 1
    assert [line.split()[0] for line in failed.stdout.splitlines()] == [
        "ruff",
        "ruff",
        "mypy",
        "lint-imports",
        "unused",
        "licences",
    ]
    assert failed.stderr.splitlines()[-1] == "./run: check failed: types"
    (programs / "mypy").write_text("#!/bin/sh\n", encoding="utf-8")
    assert run(project, "check", path=machine).returncode == 0


@pytest.fixture(scope="module")
def wanting(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A project whose tests want Kafka, and a folder for PATH without it."""
    folder = tmp_path_factory.mktemp("wanting")
    machine = Path(shutil.copytree(tools, folder / "bin", symlinks=True))
    real_python(machine)
    project = toy(folder / "project")
    (project / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "needs", project / ".ci")
    assert run(project, "hub", path=machine).returncode == 0
    return project, machine


@pytest.mark.parametrize("arguments", [[], ["--all"], ["--heavy"], ["--coverage"]], ids=str)
def test_what_is_skipped_and_what_helps_is_one_sentence(wanting: tuple[Path, Path], arguments: list[str]) -> None:
    project, machine = wanting
    said = run(project, "test", *arguments, path=machine).stderr
    (line,) = [line for line in said.splitlines() if line.startswith("./run: ")]
    what, _, helps = line.partition(" are skipped; on Debian or Ubuntu this helps: sudo apt-get install -y ")
    assert what.startswith("./run: tests of ")
    assert "Kafka" in what
    assert "default-jre-headless maven" in helps


@pytest.mark.parametrize("arguments", [["--fast"], ["tests/unit"]], ids=str)
def test_the_inner_loop_asks_for_nothing(wanting: tuple[Path, Path], arguments: list[str]) -> None:
    project, machine = wanting
    assert "apt-get" not in run(project, "test", *arguments, path=machine).stderr


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("apt-get") is None, reason="installs as root, with apt, only")
def test_what_is_missing_is_installed_as_root(wanting: tuple[Path, Path], tmp_path: Path) -> None:
    project, machine = wanting
    told = tmp_path / "told"
    (tmp_path / "apt").mkdir()
    fake = tmp_path / "apt" / "apt-get"
    fake.write_text(f'#!/bin/sh\necho "$*" >> {told}\n', encoding="utf-8")
    fake.chmod(0o755)
    said = run(project, "test", path=f"{fake.parent}:{machine}").stderr
    update, install = told.read_text(encoding="utf-8").splitlines()
    assert update.startswith("update")
    assert install.startswith("install -y")
    assert "default-jre-headless maven" in install
    assert "are skipped" in said, "what could not be installed all the same is told"
