"""Data about persons is planted in every form of payload and found in no table, letter, log or answer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import wait_until

COLUMNS = """
select table_name, string_agg(
    format(case data_type when 'bytea' then '%L, encode(%I, ''escape'')' else '%L, %I::text' end,
           column_name, column_name), ', ')
from information_schema.columns
where table_schema = current_schema() and data_type in ('text', 'jsonb', 'json', 'ARRAY', 'bytea')
group by table_name
"""
PATHS: tuple[str, ...] = (
    "/events?limit=1000",
    "/dead-letters?limit=1000",
    "/alerts?limit=1000",
    "/status",
    "/devices?limit=1000",
)
PATHS += ("/catalogue?limit=1000", "/devices/air-1/diagnosis", "/profiles/air-1", "/readings/latest")


class Planter:
    """Makes data about persons, each piece another, and remembers what it was for."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}

    def person(self, where: str) -> dict[str, str]:
        """A number plate, an identity number and a mobile number."""
        number = len(self.planted)
        identity = f"3301061990{1 + number % 12:02}{1 + number % 28:02}{number:03}"
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(identity, weights, strict=True)) % 11]
        made = {"plate": f"浙A{number:03}Q7", "identity": identity + check, "mobile": f"138{number:08}"}
        self.planted |= {value: f"{kind} in {where}" for kind, value in made.items()}
        return made

    def found(self, text: str) -> set[str]:
        return {f"{what}: {value}" for value, what in self.planted.items() if value in text}


def named(planter: Planter, where: str) -> dict[str, Any]:
    """Members whose names are about persons."""
    person = planter.person(f"named members of {where}")
    return {
        "plateNo": person["plate"], "身份证号": person["identity"], "phone_number": person["mobile"],
        "faceCapture": {"faceId": person["identity"], "list": [person["plate"]]},
    }  # fmt: skip


def unnamed(planter: Planter, where: str) -> str:
    """A text that only its values tell about."""
    person = planter.person(f"free text of {where}")
    return f"请联系{person['mobile']}，证件{person['identity']}，车辆{person['plate']}。"


def telemetry(planter: Planter) -> Iterator[tuple[str, bytes]]:
    for where, body in {
        "flat telemetry": {"pm25": 1} | named(planter, "flat telemetry"),
        "telemetry with values": {"ts": 1760000000000, "values": {"pm25": 2} | named(planter, "values")},
        "a batch": [{"pm25": 3} | named(planter, "a batch"), {"pm25": 4, "note": unnamed(planter, "a batch")}],
        "a text for a number": {"pm25": unnamed(planter, "a value that is no number")},
        "a bad name": {unnamed(planter, "a name of a metric"): 1},
        "unknown metrics": {"pm26": 7, "remark": unnamed(planter, "an unknown metric")},
        "a bad time": {"ts": unnamed(planter, "a time"), "values": {"pm25": 1}},
        "names only": named(planter, "names only"),
    }.items():
        assert where
        yield "air-1/telemetry", json.dumps(body, ensure_ascii=False).encode()
    yield "air-1/telemetry", ('{"pm25": 1, "plateNo": "' + planter.person("broken JSON with a name")["plate"]).encode()
    yield "air-1/telemetry", ('{"pm25": 1, "x": "' + unnamed(planter, "broken JSON without a name")).encode()
    yield "air-1/telemetry", ("pm25=1&x=" + unnamed(planter, "no JSON, GBK")).encode("gb18030")
    yield "air-404/telemetry", json.dumps({"x": unnamed(planter, "an unknown device")}, ensure_ascii=False).encode()
    yield "air-404/telemetry", json.dumps({"x": unnamed(planter, "an unknown device, escaped")}).encode()
    yield "air 1!/telemetry", json.dumps({"x": unnamed(planter, "a bad code")}, ensure_ascii=False).encode()
    yield "air-1/Telemetry", json.dumps({"x": unnamed(planter, "an unknown topic")}, ensure_ascii=False).encode()


def senml(planter: Planter) -> Iterator[tuple[str, bytes]]:
    for pack in (
        [{"n": "pm25", "v": 5}, {"n": "plateNo", "vs": planter.person("SenML by name")["plate"]}],
        [{"n": "pm25", "vs": unnamed(planter, "a SenML string")}],
        [{"n": "pm25", "v": 6, "note": unnamed(planter, "a SenML member")}],
        [{"bn": unnamed(planter, "a SenML base name"), "n": "pm25", "v": 6}],
        [{"n": "pm25", "u": unnamed(planter, "a SenML unit"), "v": 6}],
    ):
        yield "air-1/senml", json.dumps(pack, ensure_ascii=False).encode()


def events(planter: Planter) -> Iterator[tuple[str, bytes]]:
    for number, event in enumerate((
        {"kind": "smoke", "attributes": named(planter, "attributes")},
        {"kind": "smoke", "attributes": {"remark": unnamed(planter, "an attribute")}},
        {"kind": "smoke", "attributes": {"a": [{"b": [unnamed(planter, "a nested attribute")]}]}},
        {"kind": "smoke", "note": unnamed(planter, "a member of an event")} | named(planter, "an event"),
        {"kind": "faceCapture", "attributes": {"note": unnamed(planter, "an event about a person")}},
        {"kind": unnamed(planter, "a kind of event")[:60]},
        {"kind": "smoke", "id": unnamed(planter, "an id")[:60]},
        {"kind": "smoke", "state": unnamed(planter, "a state")},
        {"kind": "smoke", "level": unnamed(planter, "a level")},
        {"kind": "smoke", "ts": unnamed(planter, "a time of an event")},
        {"kind": "smoke", "attributes": unnamed(planter, "attributes that are text")},
        {"kind": "smoke", "attributes": {unnamed(planter, "a name of an attribute"): 1}},
        {"kind": "smoke", "image": unnamed(planter, "an image")},
    )):  # fmt: skip
        yield "air-1/event", json.dumps({"ts": 1760000000000 + number, **event}, ensure_ascii=False).encode()
    many = [{"kind": "smoke", "ts": 1760000100000, "attributes": {"x": unnamed(planter, "a batch of events")}}]
    yield "air-1/event", json.dumps(many).encode()
    mapped = {"readings": [{"value": 9, "owner": named(planter, "a mapped message")}]}
    yield "mapped-1/telemetry", json.dumps(mapped, ensure_ascii=False).encode()
    yield "mapped-1/event", json.dumps({"what": "smoke", "who": unnamed(planter, "a mapped event")}).encode()
    yield "air-1/status", json.dumps({"online": True, "note": unnamed(planter, "a status")}).encode()
    yield "air-1/status", json.dumps({"online": unnamed(planter, "a bad status")}).encode()
    reply = {"id": "0b8e6a3e-6a39-4c39-9d55-111111111111", "error": unnamed(planter, "a reply")}
    yield "air-1/reply", json.dumps(reply, ensure_ascii=False).encode()


@pytest.mark.parametrize("way", ["mqtt", "http"])
def test_what_is_about_persons_is_kept_nowhere(
    hub: Hub, database: str, mosquitto: Mosquitto, way: str, tmp_path: Path
) -> None:
    hub.register("air-1", "pm25", min=0, max=1000)
    mapping = {
        "telemetry": "{values: {pm25: readings[0].value}}",
        "event": "{kind: what, attributes: {note: who}}",
    }
    hub.put("/profiles/mapped", name="Mapped", metrics={"pm25": {"name": "PM2.5", "unit": "1"}}, mapping=mapping)
    hub.put("/devices/mapped-1", name="Mapped", profile="mapped")
    hub.put("/rules/smoke", name="Smoke", event_kind="smoke", level="red")
    hub.wait_for_devices(2)
    planter = Planter()
    messages = [*telemetry(planter), *senml(planter), *events(planter)]
    last = json.dumps({"ts": 1760000900000, "values": {"pm25": 77}}).encode()
    if way == "mqtt":
        mosquitto.publish([(f"ganzhi/v1/{end}", payload) for end, payload in [*messages, ("air-1/telemetry", last)]])
        answers = ""
    else:
        kind = {"content-type": "application/json"}
        answers = "".join(
            hub.api.post(f"/api/v1/devices/{end}", content=payload, headers=kind).text
            for end, payload in [*messages, ("air-1/telemetry", last)]
        )  # fmt: skip

    def done() -> bool:
        with psycopg.connect(database) as conn:
            return conn.execute("select from reading where value = 77").fetchone() is not None

    wait_until(done, "the last reading is stored", 30)
    stored = ""
    with psycopg.connect(database) as conn:
        for table, columns in conn.execute(COLUMNS).fetchall():
            for (row,) in conn.execute(f"select concat_ws(chr(10), {columns}) from {table}").fetchall():
                stored += f"\n{table} {row}"
        raw = conn.execute("select payload from dead_letter").fetchall()
    letters = "".join(
        bytes(payload).decode("gb18030", "replace") + bytes(payload).decode("utf-8", "replace") for (payload,) in raw
    )
    told = "".join(hub.api.get(f"/api/v1{path}").text for path in PATHS) + hub.api.get("/metrics").text
    assert "smoke" in stored
    for place, text in {
        "the store": stored,
        "letters": letters,
        "answers": told + answers,
        "the log": hub.text(),
    }.items():
        assert planter.found(text) == set(), place
        assert planter.found(text.encode().decode("unicode_escape", "replace")) == set(), f"{place}, escaped"
    assert hub.counter("ganzhi_private_total") > 20
