import json
from pathlib import Path

from tests.support.hub import Hub, run_hub


def test_a_profile_of_the_library_is_listed_installed_changed_and_kept(hub: Hub, tmp_path: Path) -> None:
    def profiles(*arguments: str) -> tuple[int, str]:
        env = {"HUB_URL": f"http://127.0.0.1:{hub.port}"}
        status, told = run_hub("profiles", *arguments, env=env, folder=tmp_path)
        first, _, rest = told.partition("\n")
        assert first == f"hub: {env['HUB_URL']} (HUB_URL)"
        return status, rest

    status, told = profiles("list", "--library")
    assert status == 0
    assert "street-lamp" in told
    assert "absent" in told
    assert profiles("install", "street-lamp", "charger")[1].split() == [
        "created", "street-lamp", "version", "1", "created", "charger", "version", "1",
    ]  # fmt: skip
    status, told = profiles("show", "street-lamp")
    assert status == 0
    lamp = json.loads(told)
    assert lamp["commands"]["set_brightness"]["schema"]["properties"]["brightness"]["maximum"] == 100
    assert hub.put("/profiles/street-lamp", **lamp)["version"] == 1, "what is shown is what is there"
    assert hub.put("/profiles/street-lamp", **lamp | {"name": "mine"})["version"] == 2
    status, told = profiles("install", "--all")
    assert status == 0
    assert [line.split()[:2] for line in told.splitlines() if "street-lamp" in line] == [["kept", "street-lamp"]]
    assert "--force overwrites them" in told
    assert json.loads(profiles("show", "street-lamp", "--version", "1")[1])["name"] == lamp["name"]
    assert profiles("install", "street-lamp", "--force")[1].startswith("updated   street-lamp  version 3")
    status, told = profiles("put", "street-lamp", "--allowed-lateness", "120")
    assert (status, told.splitlines()) == (
        0,
        ["street-lamp  version 4", "Alerts of values of its 0 devices come 120 s later."],
    )
    (tmp_path / "lamp.json").write_text(profiles("show", "street-lamp", "--version", "4")[1])
    assert profiles("put", "lamp-2", "--file", str(tmp_path / "lamp.json"))[0] == 0
    assert json.loads(profiles("show", "lamp-2")[1])["allowed_lateness_s"] == 120
    assert profiles("put", "street-lamp")[0] == 1
    assert profiles("put", "lamp-2", "--payload", "milesight")[0] == 0
    assert json.loads(profiles("show", "lamp-2")[1])["payload"] == "milesight"
    status, told = profiles("install", "street-lmap")
    assert (status, "did you mean street-lamp" in told) == (1, True)
    assert profiles("install")[0] == 1


def test_a_map_of_registers_is_kept_shown_and_refused_in_words(hub: Hub, tmp_path: Path) -> None:
    env = {"HUB_URL": f"http://127.0.0.1:{hub.port}"}
    assert run_hub("profiles", "install", "soil-485", "water-meter-188", env=env, folder=tmp_path)[0] == 0
    told = run_hub("profiles", "show", "soil-485", env=env, folder=tmp_path)[1]
    soil = json.loads(told[told.index("{") : told.rindex("}") + 1])
    assert soil["polling"]["registers"]["ph"]["address"] == 3
    assert hub.put("/profiles/soil-485", **soil)["version"] == 1, "what is shown is what is there"
    status, told = run_hub("profiles", "registers", "soil-485", env=env, folder=tmp_path)
    assert status == 0
    assert "every 300 s  0-3  01 03 00 00 00 04 44 09" in told
    assert "40004" in told
    assert "68 10" in run_hub("profiles", "registers", "water-meter-188", env=env, folder=tmp_path)[1]
    soil["polling"]["registers"]["ph"] = {"address": 3, "signed": True}
    (tmp_path / "soil.json").write_text(json.dumps(soil))
    given = ("profiles", "put", "soil-485", "--file", str(tmp_path / "soil.json"))
    status, told = run_hub(*given, env=env, folder=tmp_path)
    assert status == 1
    assert 'write "type": "s16"' in " ".join(told.split())
    frame = tmp_path / "frame.hex"
    frame.write_text("0103080292FF9B03E8003857B6")
    asked = ("frame", "check", "--hex", "--form", "modbus-rtu", "--profile", "soil-485", "--json", str(frame))
    values = {
        each["metric"]: each["value"] for each in json.loads(run_hub(*asked, env=env, folder=tmp_path)[1])["readings"]
    }
    assert values["conductivity"] == 1000
    assert round(values["temperature"], 1) == -10.1
