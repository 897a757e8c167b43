"""The simulator's webhook receiver over real HTTP."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.receiver import MAX_BODY, receiving
from simulator.signature import made_up_secret, signature

SECRET = made_up_secret()


def signed(id_: str, body: bytes, secret: str = SECRET) -> dict[str, str]:
    now = str(int(time.time()))
    return {
        "webhook-id": id_,
        "webhook-timestamp": now,
        "webhook-signature": signature(secret, id_, now, body),
    }


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_deliveries_are_noted_and_repeats_are_recognised(tmp_path: Path) -> None:
    data = {"alert": "a", "device": "cam-001", "metric": None, "event_kind": "smoke", "level": "red", "more": 1}
    body = json.dumps({"type": "ganzhi.alert.raised", "data": data}).encode()
    out = tmp_path / "new" / "deliveries.jsonl"
    with receiving(0, SECRET, out) as (port, tally), httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        before = time.time_ns() // 1000
        for id_ in ("a.1", "a.1", "a.2"):
            assert client.post("/hook", content=body, headers=signed(id_, body)).status_code == 204
        assert (tally.accepted, tally.repeats, tally.refused) == (3, 1, 0)
    noted = lines(out)
    assert [(line["id"], line["repeat"]) for line in noted] == [("a.1", False), ("a.1", True), ("a.2", False)]
    assert noted[0]["type"] == "ganzhi.alert.raised"
    assert {name: noted[0][name] for name in ("alert", "device", "event_kind", "level")} == {
        "alert": "a", "device": "cam-001", "event_kind": "smoke", "level": "red",
    }  # fmt: skip
    assert before <= noted[0]["arrived_us"] <= time.time_ns() // 1000


@pytest.mark.parametrize(
    ("body", "secret", "headers", "status"),
    [
        (b"{}", made_up_secret(), {}, 401),
        (b"{}", SECRET, {"webhook-signature": ""}, 401),
        (b"no json", SECRET, {}, 400),
        (b"[]", SECRET, {}, 400),
        (b" " * (MAX_BODY + 1), SECRET, {}, 413),
    ],
    ids=["other secret", "no signature", "no JSON", "no object", "too large"],
)
def test_anything_else_is_turned_away_and_counted(
    tmp_path: Path, body: bytes, secret: str, headers: dict[str, str], status: int
) -> None:
    out = tmp_path / "deliveries.jsonl"
    with receiving(0, SECRET, out) as (port, tally):
        try:
            answer = httpx.post(
                f"http://127.0.0.1:{port}/", content=body, headers=signed("a.1", body, secret) | headers
            )
        except httpx.TransportError:
            assert status == 413, "only a body that is not read may cut the connection"
        else:
            assert answer.status_code == status
        assert (tally.accepted, tally.refused) == (0, 1)
    [line] = lines(out)
    assert line["refused"]
