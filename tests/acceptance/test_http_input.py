"""Whatever is posted: bombs, depths and floods cost little, and the answer says what was wrong."""

import gzip
import json
import socket
import time
from typing import Any

import httpx
import psycopg
import pytest

from tests.support.described import Description
from tests.support.frames_senml_cbor import cbor
from tests.support.hub import Hub
from tests.support.numbered import resident_mb

JSON = {"content-type": "application/json"}
PACKED = JSON | {"content-encoding": "gzip"}
ONE = "/devices/air-1/telemetry"


def hostile() -> dict[str, tuple[str, bytes, dict[str, str], int | None]]:
    """By name: path, body, headers and the status of the answer; made when it is wanted, for it takes seconds."""
    many = json.dumps({f"m{number}": number for number in range(100_000)}).encode()
    some = json.dumps(dict.fromkeys(map(str, range(60_000)), 1)).encode()
    deep_part = b'[{"device":"air-1","values":' + b"[" * 500_000 + b"]" * 500_000 + b"}]"
    return {
        "bomb": ("/telemetry:batch", gzip.compress(b"[" + b" " * (500 << 20) + b"]", 1), PACKED, 413),
        "single bomb": (ONE, gzip.compress(b" " * (500 << 20), 1), PACKED, 413),
        "100,000 metrics": (ONE, gzip.compress(many), PACKED, 413),
        "60,000 metrics": (ONE, some, JSON, 422),
        "deep": (ONE, b"[" * 1_000_000, JSON, 422),
        "deep batch": ("/telemetry:batch", b"[" * 8_000_000, JSON, 400),
        "deep part": ("/telemetry:batch", deep_part, JSON, None),
        "huge number": (ONE, b'{"pm25": 1' + b"0" * 1_000_000 + b"}", JSON, 422),
        "too large": (ONE, b" " * (1 << 20) + b"{}", JSON, 413),
        "too large batch": ("/telemetry:batch", b" " * (8 << 20) + b"[]", JSON, 413),
        "too many": ("/events:batch", b"[" + b"{}," * 500_000 + b"{}]", JSON, 413),
        "not UTF-8": (ONE, b'{"pm25": "\xff"}', JSON, 422),
        "nonsense length": ("/devices/air-1/events", b'{"kind": ""}', JSON, 422),
    }


def test_hostile_bodies_are_refused_and_cost_little(hub: Hub) -> None:
    hub.register("air-1", "pm25")
    description = Description(hub.api.get("/api/v1/openapi.json").json())
    before = resident_mb(hub.pid)
    for name, (path, body, headers, status) in hostile().items():
        answer = hub.api.post(f"/api/v1{path}", content=body, headers=headers)
        description.check(answer)
        assert answer.status_code in ([status] if status else [400, 422]), f"{name}: {answer.text[:300]}"
        assert answer.headers["content-type"] == "application/problem+json", name
    good = hub.api.post("/api/v1/devices/air-1/telemetry", content=b'{"pm25": 3}', headers=JSON)
    description.check(good)
    assert good.status_code == 202
    assert resident_mb(hub.pid, "VmHWM") < before + 150


def test_a_batch_in_each_form_is_stored_before_its_answer(hub: Hub, database: str) -> None:
    hub.register("air-1", "pm25")
    hub.register("air-2", "pm25")
    rows = [{"device": f"air-{1 + n % 2}", "ts": 1_760_000_000_000 + n, "values": {"pm25": n}} for n in range(3000)]
    lines = b"\n".join(json.dumps(row).encode() for row in rows[2000:])
    for body, headers in (
        (json.dumps(rows[:1000]).encode(), JSON),
        (gzip.compress(json.dumps(rows[1000:2000]).encode()), PACKED),
        (gzip.compress(lines), {"content-type": "application/x-ndjson", "content-encoding": "gzip"}),
    ):
        answer = hub.api.post("/api/v1/telemetry:batch", content=body, headers=headers)
        assert (answer.status_code, answer.json()) == (
            202,
            {"accepted": 1000, "repeated": 0, "conflicting": 0, "refused": []},
        )
    with psycopg.connect(database) as conn:
        assert conn.execute("select array_agg(value::int order by value) from reading").fetchone() == ([*range(3000)],)


def test_what_comes_twice_is_answered_counted_and_diagnosed(hub: Hub, database: str) -> None:
    hub.register("air-1", "pm25")
    at = time.time_ns() // 1_000_000

    def post(*values: float) -> tuple[int, dict[str, Any]]:
        answer = hub.api.post(
            "/api/v1/telemetry:batch", json=[{"device": "air-1", "ts": at, "values": {"pm25": each}} for each in values]
        )
        told = answer.json()
        return answer.status_code, {name: told[name] for name in ("accepted", "repeated", "conflicting")}

    assert post(1) == (202, {"accepted": 1, "repeated": 0, "conflicting": 0})
    assert post(1) == (202, {"accepted": 1, "repeated": 1, "conflicting": 0})
    assert post(1, 2) == (202, {"accepted": 1, "repeated": 1, "conflicting": 1})
    assert post(2) == (422, {"accepted": 0, "repeated": 0, "conflicting": 1})
    letters = hub.api.get("/api/v1/dead-letters?device=air-1").json()["items"]
    (letter,) = letters  # however often it comes
    assert (letter["reason"], letter["detail"].split(" is stored as ")[1][:2]) == ("conflicting", "1:")
    notes = hub.api.get("/api/v1/devices/air-1/diagnosis").json()["findings"]
    assert "refused_conflicting" in [note["code"] for note in notes]
    assert (hub.counter("ganzhi_repeated_total"), hub.counter("ganzhi_conflicting_total")) == (2, 2)


def test_good_and_bad_in_a_batch(hub: Hub, database: str) -> None:
    hub.register("air-1", "pm25")
    batch = [
        {"device": "air-1", "pm25": 1},
        {"device": "air-404", "pm25": 2},
        {"device": "air-1", "pm25": "three"},
        {"pm25": 4},
        {"device": "air-1", "values": {"pm25": 5}},
    ]
    told = hub.api.post("/api/v1/telemetry:batch", json=batch).json()
    reasons = {one["index"]: one["reason"] for one in told["refused"]}
    assert told["accepted"] == 2
    assert reasons == {1: "unknown_device", 2: "value_not_a_number", 3: "no_device"}
    with psycopg.connect(database) as conn:
        assert conn.execute("select value from reading order by 1").fetchall() == [(1,), (5,)]
        assert conn.execute("select reason from dead_letter order by 1").fetchall() == [
            (reason,) for reason in sorted(reasons.values())
        ]


def test_events_and_senml_with_the_token_and_not_without(closed_hub: Hub, database: str) -> None:
    hub = closed_hub
    hub.register("air-1", "pm25")
    event = {"kind": "smoke", "state": "active", "id": "7"}
    for _ in range(2):  # with its id it is one event, however often it is sent
        assert hub.api.post("/api/v1/devices/air-1/events", json=event).status_code == 202
    pack = [{"bn": "urn:dev:air-1:", "bt": 1760000000, "n": "pm25", "v": 3.5}]
    answer = hub.api.post("/api/v1/devices/air-1/senml", json=pack, headers={"content-type": "application/senml+json"})
    assert answer.status_code == 202
    later = cbor([{**pack[0], "bt": 1760000060}])
    headers = {"content-type": "application/senml+cbor"}
    assert hub.api.post("/api/v1/devices/air-1/senml", content=later, headers=headers).status_code == 202
    refused = hub.api.post("/api/v1/devices/air-1/senml", content=later[:-1], headers=headers)
    assert (refused.status_code, refused.json()["refused"][0]["at"]) == (422, len(later) - 1)
    hub.api.headers["authorization"] = "Bearer guess"
    assert hub.api.post("/api/v1/devices/air-1/events", json=event).status_code == 401
    with psycopg.connect(database) as conn:
        assert conn.execute("select count(*) from event").fetchone() == (1,)
        assert conn.execute("select value from reading").fetchall() == [(3.5,), (3.5,)]


@pytest.mark.parametrize("headers", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_who_leaves_in_mid_body_leaves_nothing_behind(hub: Hub, database: str, headers: bytes) -> None:
    hub.register("air-1", "pm25")
    head = b"POST /api/v1/devices/air-1/telemetry HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", hub.port)) as sock:
            sock.sendall(head + headers + b"\r\n1\r\n{")
    answer = httpx.post(f"http://127.0.0.1:{hub.port}/api/v1/devices/air-1/telemetry", json={"pm25": 1})
    assert answer.status_code == 202
    with psycopg.connect(database) as conn:
        assert conn.execute("select count(*) from reading").fetchone() == (1,)
    assert "Traceback" not in hub.text()
