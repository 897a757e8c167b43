import json
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from api.thing_model import ProfileBody
from devices.codecs.metric import Verdict, judge
from devices.library.profiles import library
from devices.vocabulary import KINDS
from simulator.things import PROFILES

NAMED = """
air-station weather-station noise-monitor river-level rain-gauge road-waterlogging manhole-cover bridge-tilt
smoke-detector fire-transmitter combustible-gas electrical-fire water-quality parking-space traffic-counter
smart-pole street-lamp environment-sensor pole-camera pole-screen emergency-button charger fixed-camera tollgate
dtu humidity-485 soil-485 level-qdy30a pm-485 rain-bucket-485 water-meter-188
em300-th em310-udl em310-tilt lht65"""


def body(code: str) -> ProfileBody:
    return ProfileBody.model_validate({name: value for name, value in library()[code].items() if name != "sources"})


def test_the_library_holds_every_kind_of_device() -> None:
    assert set(NAMED.split()) == set(library())


@pytest.mark.parametrize("code", NAMED.split())
def test_a_profile_of_the_library_is_right_and_whole(code: str) -> None:
    profile, entry = body(code), library()[code]
    assert profile.columns()["metrics"] == entry["metrics"], "what is put is what is kept"
    assert profile.metrics
    assert profile.events
    assert profile.interval_s
    assert profile.name_en
    assert profile.category
    assert entry["sources"]
    assert set(profile.events) <= KINDS
    for name, metric in profile.metrics.items():
        assert judge(name) is Verdict.GOOD, f"{name} would never be taken"
        assert metric.name_en
        assert metric.min is not None
        assert metric.max is not None
        assert metric.min < metric.max


def test_cameras_name_each_kind_of_event_that_is_found_in_video() -> None:
    codes = json.loads(files("devices.codecs.video").joinpath("codes.json").read_text(encoding="utf-8"))
    found = {state["kind"] for state in codes["states"].values()}
    for code in ("fixed-camera", "pole-camera"):
        assert found <= library()[code]["events"].keys(), code


def test_commands_take_what_is_meant_and_nothing_else() -> None:
    lamp = Draft202012Validator(body("street-lamp").commands["set_brightness"].schema_)
    assert lamp.is_valid({"brightness": 40, "fade_s": 2})
    for wrong in ({"brightness": 101}, {}, {"brightness": 4, "colour": "red"}, {"brightness": "40"}):
        assert not lamp.is_valid(wrong)
    assert "show" in body("pole-screen").commands
    assert "valve_close" in body("combustible-gas").commands


def test_the_library_measures_as_the_simulated_city_does() -> None:
    for code in set(PROFILES) & set(library()):
        for metric, spec in PROFILES[code]["metrics"].items():
            assert library()[code]["metrics"][metric]["unit"] == spec["unit"], json.dumps([code, metric])
