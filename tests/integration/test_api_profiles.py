from typing import Any

import pytest

from tests.support.served_api import api_context, client_of

BODY: dict[str, Any] = {
    "name": "雨量站",
    "name_en": "Rain gauge",
    "category": "water",
    "metrics": {"rain": {"name": "雨量", "unit": "mm", "min": 0, "max": 100, "interval_s": 300}},
    "interval_s": 300,
    "offline_after_s": 3600,
    "max_future_s": 60,
    "unknown_metrics": "add",
    "max_metrics": 20,
    "events": {"fault": {"name": "故障", "level": "blue"}},
    "commands": {"reset": {"name": "复位", "schema": {"type": "object", "properties": {"at": {"enum": [None, 1]}}}}},
    "mapping": {"telemetry": "{ts: t, values: {rain: data.r}}"},
    "payload": "milesight",
}


async def test_a_profile_is_kept_whole_and_each_change_is_a_version(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        first = await client.put("/profiles/rain", json=BODY)
        assert first.status_code == 201, first.text
        stored = (await client.get("/profiles/rain")).json()
        commands = stored.pop("commands")
        assert commands["reset"] | {"name_en": None} == {
            **BODY["commands"]["reset"], "name_en": None, "timeout_s": 10, "downlink": None
        }  # fmt: skip
        for name in set(BODY) - {"commands", "metrics", "events"}:
            assert stored[name] == BODY[name], name
        assert stored["metrics"]["rain"].items() >= BODY["metrics"]["rain"].items()
        assert stored["version"] == 1
        assert (await client.put("/profiles/rain", json=BODY)).json()["version"] == 1
        for number in (2, 3, 4):
            answer = await client.put("/profiles/rain", json=BODY | {"max_future_s": number})
            assert answer.json()["version"] == number
        page = (await client.get("/profiles/rain/versions", params={"limit": 3})).json()
        rest = (await client.get("/profiles/rain/versions", params={"cursor": page["next"]})).json()
        assert [each["version"] for each in (*page["items"], *rest["items"])] == [4, 3, 2, 1]
        assert (await client.get("/profiles/rain/versions/3")).json()["body"]["max_future_s"] == 3
        assert (await client.get("/profiles/rain/versions/1")).json()["body"]["commands"] == {
            "reset": {**BODY["commands"]["reset"], "timeout_s": 10}
        }
        for path in ("/profiles/rain/versions/5", "/profiles/none/versions", "/profiles/none/versions/1"):
            assert (await client.get(path)).status_code == 404


async def test_what_a_rule_on_a_signal_rests_on_is_not_taken_away(database: str) -> None:
    silent = BODY | {"metrics": {"rain": BODY["metrics"]["rain"] | {"detect": False}}}
    rule = {"name": "Odd", "profile": "rain", "metric": "rain", "signal": "score", "direction": "above",
            "thresholds": {"yellow": 0.99}}  # fmt: skip
    async with api_context(database) as context, client_of(context) as client:
        (await client.put("/profiles/rain", json=BODY)).raise_for_status()
        (await client.put("/rules/odd", json=rule)).raise_for_status()
        for lang, word in (("en", "rule odd watches what is usual of rain"), ("zh", "规则 odd 监测 rain")):
            refused = await client.put("/profiles/rain", json=silent, headers={"accept-language": lang})
            assert refused.status_code == 422, refused.text
            [fault] = refused.json()["errors"]
            assert fault["pointer"] == "/metrics/rain"
            assert fault["problem"].startswith(word)
        (await client.delete("/rules/odd")).raise_for_status()
        assert (await client.put("/profiles/rain", json=silent)).status_code == 200


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"payload": "milesite"}, "/payload", "milesight"),
    ({"payload": "x"}, "/payload", "cayenne, cjt188, dragino-lht65"),
    ({"metrics": {"t": {"name": "T", "unit": "°C"}}}, "/metrics/t/unit", "write Cel"),
    ({"metrics": {"t": {"name": "T", "unit": "μg/m³"}}}, "/metrics/t/unit", "write ug/m3"),
    ({"metrics": {"t": {"name": "T", "unit": "mm/hour"}}}, "/metrics/t/unit", "write mm/h"),
    ({"metrics": {"faceId": {"name": "F", "unit": "1"}}}, "/metrics/faceId/[key]", "about persons"),
    ({"mapping": {"telemetry": "{values: {a: b}"}}, "/mapping/telemetry", "at character 16"),
    ({"mapping": {"telemetry": "lenght(a)"}}, "/mapping/telemetry", "did you mean length"),
    ({"mapping": {"senml": "a"}}, "/mapping/senml/[key]", "telemetry"),
    ({"events": {"smokey": {"name": "S"}}}, "/events/smokey/[key]", "did you mean smoke"),
    ({"interval_s": 60, "offline_after_s": 10}, "/", "less than interval_s"),
    ({"unknown_metrics": "add", "max_metrics": 0}, "/max_metrics", "greater"),
    ({"unknown_metrics": "drop"}, "/unknown_metrics", "refuse"),
]
WRONG_SCHEMAS: list[tuple[dict[str, Any], str]] = [
    ({"type": "objekt"}, "no JSON Schema at /type"),
    ({"type": "object", "properties": {"a": {"minimum": "1"}}}, "no JSON Schema at /properties/a/minimum"),
    ({"type": "number"}, "an object"),
    ({"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/x"}}}, "refer to parts of this schema"),
    ({"type": "object", "properties": {"a": {"pattern": "(a+)+$"}}}, "repeats a repeat"),
    ({"type": "object", "properties": {"a": {"pattern": "(a"}}}, "no regular expression"),
    ({"type": "object", "description": "x" * 20_000}, "at most"),
]
WRONG += [
    ({"commands": {"go": {"name": "Go", "schema": schema}}}, "/commands/go/schema", told)
    for schema, told in WRONG_SCHEMAS
]


async def test_what_is_wrong_is_pointed_at_with_what_would_be_right(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        for change, pointer, told in WRONG:
            answer = await client.put("/profiles/p", json={"name": "P", "metrics": {}} | change)
            assert answer.status_code == 422, change
            faults = answer.json()["errors"]
            assert [(fault["pointer"], told in fault["problem"]) for fault in faults] == [(pointer, True)], faults
        assert (await client.get("/profiles/p")).status_code == 404


async def test_the_library_is_installed_once_and_never_over_what_was_made_by_hand(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        (await client.put("/profiles/air-station", json={"name": "my own", "metrics": {}})).raise_for_status()

        async def install(**body: Any) -> dict[str, tuple[str, int]]:
            answer = await client.post("/profiles:install", json=body)
            assert answer.status_code == 200, answer.text
            return {each["code"]: (each["outcome"], each["version"]) for each in answer.json()["items"]}

        first = await install(codes=None)
        assert first.pop("air-station") == ("kept", 1)
        assert len(first) > 20
        assert set(first.values()) == {("created", 1)}
        again = await install()
        assert again.pop("air-station") == ("kept", 1)
        assert set(again.values()) == {("unchanged", 1)}
        lamp = (await client.get("/profiles/street-lamp")).json()
        assert (lamp["installed"], lamp["version"]) == (1, 1)
        mine = {name: lamp[name] for name in ("name", "metrics", "events", "commands")} | {"interval_s": 77}
        assert (await client.put("/profiles/street-lamp", json=mine)).json()["version"] == 2
        assert await install(codes=["street-lamp"]) == {"street-lamp": ("kept", 2)}
        assert (await client.get("/profiles/street-lamp")).json()["interval_s"] == 77
        states = {each["code"]: each["state"] for each in (await client.get("/profile-library")).json()["items"]}
        assert {states.pop("street-lamp"), states.pop("air-station")} == {"changed"}
        assert set(states.values()) == {"installed"}
        forced = await install(codes=["street-lamp", "air-station"], force=True)
        assert forced == {"street-lamp": ("updated", 3), "air-station": ("updated", 2)}
        assert await install(codes=["street-lamp"]) == {"street-lamp": ("unchanged", 3)}
        wrong = await client.post("/profiles:install", json={"codes": ["street-lamp", "street-lmap"]})
        assert wrong.status_code == 422
        assert "did you mean street-lamp" in wrong.json()["errors"][0]["problem"]


@pytest.mark.parametrize("mapping", [{"telemetry": "{values: {a: a"}, {"telemetry": "nothing(a)"}])
async def test_a_mapping_that_cannot_be_compiled_is_never_stored(database: str, mapping: dict[str, str]) -> None:
    async with api_context(database) as context, client_of(context) as client:
        answer = await client.put("/profiles/p", json={"name": "P", "metrics": {}, "mapping": mapping})
        assert answer.status_code == 422
        assert "⟶" in answer.json()["errors"][0]["problem"]
