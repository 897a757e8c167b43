"""An integrator on the first day, who does what docs/integrators.md says, word by word."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.test_readme import COMMANDS, ROOT, Demo, demo_on, newest
from tests.support.process import wait_until

GUIDE, CHINESE = ROOT / "docs" / "integrators.md", ROOT / "docs" / "integrators.zh-CN.md"
PRELUDE = f"""{COMMANDS}
touch environment && . ./environment
trap 'export -p | grep -v " PATH=" > "$FOLDER/environment"; pwd > "$FOLDER/where"' EXIT
test ! -e where || cd "$(cat where)"
set -eu
"""


def chapters(guide: Path) -> dict[int, list[str]]:
    """The commands of each section, by its number from 0."""
    parts = re.split(r"(?m)^## ", guide.read_text(encoding="utf-8"))[1:]
    return {n: re.findall(r"(?ms)^```sh\n(.*?)^```$", part) for n, part in enumerate(parts)}


class Integrator:
    """A shell that keeps its variables and its folder from one block to the next."""

    def __init__(self, demo: Demo, folder: Path) -> None:
        self.demo, self._folder = demo, folder
        self._env = {**demo.env, "FOLDER": str(folder)}

    def does(self, block: str, seconds: float = 60) -> str:
        """Run a block on this test's ports; what it printed. Fails when a command of it fails."""
        block = block.replace("http://127.0.0.1:8420/", f"{self._env['HUB_URL']}/")
        block = block.replace("MQTT_PORT=1883", f"MQTT_PORT={self._env['MQTT_PORT']}")
        done = subprocess.run(
            ["bash", "-c", PRELUDE + block],
            cwd=self._folder,
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
        told = done.stdout.decode()
        assert done.returncode == 0, f"{block}\n{told}"
        return told

    def sees(self, block: str, *expected: str) -> str:
        """Run a block until it prints all that is expected: what was sent takes a moment to be stored."""
        told = ""

        def shown() -> bool:
            nonlocal told
            told = self.does(block)
            return all(each in told for each in expected)

        try:
            wait_until(shown, "it prints what the guide says")
        except AssertionError:
            raise AssertionError(f"{block}\nshould print {expected}, and printed:\n{told}") from None
        return told


@pytest.fixture
def integrator(database: str, tmp_path: Path) -> Iterator[Integrator]:
    with demo_on(database, tmp_path) as demo:
        yield Integrator(demo, tmp_path / "stranger")


def test_both_guides_have_the_same_sections_and_commands() -> None:
    english, chinese = (
        {n: [re.sub(r" +# .*", "", block) for block in found] for n, found in chapters(guide).items()}
        for guide in (GUIDE, CHINESE)
    )
    assert english == chinese
    texts = [guide.read_text(encoding="utf-8") for guide in (GUIDE, CHINESE)]
    heads = [re.findall(r"(?m)^(#+) ", re.sub(r"(?s)```.*?```", "", text)) for text in texts]
    assert heads[0] == heads[1]


@pytest.mark.heavy
def test_the_first_day_of_an_integrator(integrator: Integrator) -> None:
    sections = [blocks for blocks in chapters(GUIDE).values() if blocks]
    begin, profile, device, message, works, login, places, sheet, selves, foreign, health, orders, catalogue = sections
    does, sees = integrator.does, integrator.sees

    does(begin[0])
    assert "created   road-waterlogging" in does(profile[0])
    assert "my-water" in does(profile[1])
    assert "water-1 is active." in does(device[0])
    sees(message[0], '"metric":"depth","metric_name":"', '"value":87.0')
    sees(message[1], '"device":"water-1b"', '"value":2.5')

    told = sees(works[0], "does not work", "unknown_metric", "Did you mean: Depth -> depth?")
    assert '{"Depth": 3.5}\n       ^' in told, "the place of the mistake is shown"
    with integrator.demo.repeating("ganzhi/v1/water-1/telemetry", '{"depth": 4.1}'):
        sees(works[1], "stored  ganzhi/v1/water-1/telemetry")
    told = does(works[2])
    for each in ("looks like seconds", "did you mean depth?", "accepted", "depth     3"):
        assert each in told, told

    assert "unknown_device" in does(works[3])
    wait_until(lambda: newest(integrator.demo.hub, "early-1") == 1.5, "what came too early is stored")

    told = does(login[0])
    assert "user name    water-1" in told
    wait_until(lambda: newest(integrator.demo.hub, "water-1") == 3.8, "who logs in is heard")
    assert "water-1b" in does(login[1])

    assert "167 created" in does(places[0])
    told = does(places[1])
    assert re.search(r"lon +120\.030\d+\n +lat +30\.240", told), told

    told = does(sheet[0])
    for each in ("write 330110000000", "did you mean road-waterlogging", "nothing was imported: 2 things are wrong"):
        assert each in told, told
    told = does(sheet[1])
    for each in ("2 lines skipped", "2 created", "0 created, 0 changed, 999 as before"):
        assert each in told, told

    assert "SN-0001 is active." in does(selves[0])
    told = sees(foreign[0], "acme-1 works.", "accepted")
    assert '"values":{"depth":12' in told

    sees(health[0], '"online":true')
    assert '"running":true' in does(health[1])
    assert 'done: {"seconds": 60}' in does(orders[0])
    sees(catalogue[0], "water-1", "road-waterlogging", "city.geojson: ", "city.csv: ")
