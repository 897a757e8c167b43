"""What the repository promises as a whole: the wheel is complete, the texts are right, the modules keep the rules."""

import ast
import os
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from app import main
from app.cli.groups import GROUPS
from hub.settings import load_settings

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
NOT_OURS = {"__pycache__", "build", "dist", "node_modules"}


@cache
def _files() -> list[Path]:
    """The repository's files, without hidden folders, which are not entered, and what tools leave behind."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = {name for name in folders if not name.startswith(".") or name == ".ci"} - NOT_OURS
        found += [path for name in names if (path := Path(folder, name)).is_file()]
    return sorted(found)


def files(*patterns: str) -> Iterator[Path]:
    """Those of the repository's files that match."""
    for pattern in patterns:
        yield from (path for path in _files() if fnmatch(path.name, pattern))


def modules() -> list[Path]:
    return [path for path in files("*.py") if path.relative_to(ROOT).parts[0] in PACKAGES]


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel as hatchling builds it, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as opened:
        yield opened


def test_the_wheel_holds_every_file_of_the_packages(wheel: zipfile.ZipFile) -> None:
    inside = set(wheel.namelist())
    ours = [path.relative_to(ROOT) for path in files("*") if path.suffix != ".pyc"]
    names = {path.as_posix() for path in ours if path.parts[0] in PACKAGES}
    for kind in (".sql", ".html", ".css", ".js", ".typed"):
        assert any(name.endswith(kind) for name in names), f"no {kind} file at all"
    assert names <= inside, sorted(names - inside)


def test_the_wheel_has_its_licence_and_script(wheel: zipfile.ZipFile) -> None:
    info = f"ganzhi-{PROJECT['project']['version']}.dist-info"
    assert b"Apache License" in wheel.read(f"{info}/licenses/LICENSE")
    assert b"hub = app.main:main" in wheel.read(f"{info}/entry_points.txt")
    assert not [name for name in wheel.namelist() if name.startswith(("tests/", "docker/"))]


# The modules


def test_every_module_says_what_it_is() -> None:
    silent = []
    for path in modules():
        text = text_of(path)
        if text.strip() and not text.startswith('"""') and not ast.get_docstring(ast.parse(text)):
            silent.append(str(path.relative_to(ROOT)))
    assert not silent


def test_modules_are_short() -> None:
    lengths = sorted((len(text_of(path).splitlines()), path.name) for path in modules())
    assert lengths[-1][0] <= 400, lengths[-1]
    assert lengths[len(lengths) // 2][0] <= 150, "the median module"


def test_no_module_is_a_drawer_for_everything() -> None:
    bad = [path.name for path in modules() if re.search("util|manager|helper|misc|common", path.stem)]
    assert not bad


def test_nothing_is_left_for_later() -> None:
    mark = re.compile("TO" + "DO|FIX" + "ME|Not" + "Implemented")
    for path in files("*.py", "*.sql", "*.js", "*.html", "*.css", "*.md", "*.yaml"):
        assert not mark.search(text_of(path)), path


# The lock


def test_the_lock_pins_everything_with_hashes() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    blocks = [block for block in re.split(r"(?m)^(?=[A-Za-z0-9])", text) if block.strip()]
    assert len(blocks) > 30
    for block in blocks:
        assert re.match(r"[\w.-]+==[\w.]+( ; .+)? \\\n", block), block[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block[:80]


def test_the_lock_has_what_the_project_asks_for() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {name.lower().replace("_", "-") for name in re.findall(r"(?m)^([\w.-]+)==", text)}
    project = PROJECT["project"]
    asked = [*project["dependencies"], *PROJECT["build-system"]["requires"]]
    asked += [need for extra in project["optional-dependencies"].values() for need in extra]
    for need in asked:
        match = re.match(r"([\w.-]+)(\[[\w,]+\])?(.*)", need)
        assert match
        assert match[1].lower() in locked, f"{need}: renew the lock"
        assert match[3].strip().startswith(">="), f"{need}: say from which version on"


# The texts


def test_the_changelog_has_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"(?m)^## {re.escape(PROJECT['project']['version'])}\b", changelog)


def prose(path: Path) -> str:
    """The text of a page without its code blocks."""
    return re.sub(r"(?ms)^```.*?^```$", "", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """What a link may name after #: headings as GitHub writes them."""
    heads = re.findall(r"(?m)^#+ (.*)$", prose(path))
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def test_links_lead_somewhere() -> None:
    known = {path: anchors(path) for path in files("*.md")}
    followed = 0
    for path in known:
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
            if not re.match(r"https?://", target):
                name, _, anchor = target.partition("#")
                page = (path.parent / name).resolve() if name else path
                assert page.exists(), f"{path.name}: {target}"
                assert not anchor or anchor in known.get(page, {anchor}), f"{path.name}: {target}"
                followed += bool(anchor)
    assert followed > 50


def test_no_file_names_a_package_registry_or_a_home() -> None:
    hosts = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "repo1.ma" + "ven.org", "crates" + ".io"]
    homes = ["/ho" + "me/", "/ro" + "ot/", "/Us" + "ers/", "/wo" + "rk/"]
    texts = files("*.py", "*.sql", "*.js", "*.html", "*.css", "*.md", "*.yaml", "*.toml", "*.lock", "*.conf", "*.env")
    for path in [*texts, ROOT / "run", ROOT / ".ci" / "run", ROOT / "docker" / "Dockerfile"]:
        text = text_of(path)
        for word in [*hosts, *homes]:
            assert word not in text, f"{path.relative_to(ROOT)} names {word}"


def blocks(readme: Path, language: str) -> list[str]:
    """The code blocks of a README in one language, in order."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", readme.read_text(encoding="utf-8"))


def shell_lines(readme: Path) -> list[str]:
    """The commands of a README, without comments, continued lines joined."""
    text = "".join(blocks(readme, "sh")).replace("\\\n", " ")
    return [line for line in (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines()) if line]


def test_both_readmes_have_the_same_sections_and_commands() -> None:
    english, chinese = READMES
    heads = [re.findall(r"(?m)^(#+) ", re.sub(r"(?s)```.*?```", "", readme.read_text())) for readme in READMES]
    assert heads[0] == heads[1]
    words = re.compile(
        r'"(name|actor|note)": "[^"]*"|(?<= report )"[^"]*"|(?<= silences add )"[^"]*"'
        r"|,[^,]+ gate,|,[^,]+ school,|,[^,]+空气站,"
    )
    lines = [[words.sub("", line) for line in shell_lines(readme)] for readme in READMES]
    assert lines[0] == lines[1]
    for language in ("toml", "python"):
        code = [[re.sub(r"\s*(#|\"\"\").*", "", block) for block in blocks(readme, language)] for readme in READMES]
        assert code[0] == code[1]
        assert code[0]
    links = [re.findall(r"\]\(([^)]+)\)", readme.read_text(encoding="utf-8")) for readme in READMES]
    assert {link.replace(".zh-CN.md", ".md") for link in links[0]} == {
        link.replace(".zh-CN.md", ".md") for link in links[1]
    }
    assert english.name in links[1]
    assert chinese.name in links[0]


@pytest.mark.parametrize("text", [*READMES, ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name)
def test_every_verb_of_run_in_the_texts_exists(text: Path) -> None:
    verbs = set(re.findall(r"\./run (?!VERB)(\w[\w-]*)", text.read_text(encoding="utf-8")))
    assert verbs
    script = (ROOT / "run").read_text(encoding="utf-8")
    known = re.search(r"(?m)^ +demo \|([^)]+)\) shift", script)
    assert known
    assert verbs <= {"demo", *re.findall(r"\w+", known[1])}


@pytest.fixture(scope="module")
def hub_command() -> Any:
    """The command line with all its groups, which take a second to load."""
    command: Any = typer.main.get_command(main.app)
    command.load(GROUPS)
    return command


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_every_hub_command_in_the_readme_exists_with_its_options(readme: Path, hub_command: Any) -> None:
    commands = [line for line in shell_lines(readme) if line.startswith(("./run hub ", "./run demo "))]
    assert len(commands) >= 5
    for line in commands:
        words = shlex.split(line.removeprefix("./run ").removeprefix("hub "))
        command = hub_command
        while isinstance(command, click.Group) or hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        options = {name for parameter in command.params for name in parameter.opts}
        for word in words:
            if word.startswith("-"):
                assert word in options, f"{line}: {word}"


def test_the_readmes_settings_load(tmp_path: Path) -> None:
    (text,) = blocks(READMES[0], "toml")
    file = tmp_path / "hub.toml"
    file.write_text(text, encoding="utf-8")
    assert load_settings(file).database.retention_days is not None


def test_each_file_of_tests_has_a_name_of_its_own() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
