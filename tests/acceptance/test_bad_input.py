"""Whatever a device sends: the bad ends in dead_letter with its reason, the good is stored, the hub goes on."""

import re
import time
from pathlib import Path

import psycopg
import pytest

from tests.support.broker import Mosquitto
from tests.support.hub import Hub, run_hub
from tests.support.process import wait_until

YEAR_3000 = b'{"ts": 32503680000000, "values": {"pm25": 1}}'
NEXT_MONTH = b'{"ts": %d, "values": {"pm25": 1}}'

BAD = {
    "not_json": ("air-1", b"pm25=35"),
    "no_values": ("air-1", b"{}"),
    "unknown_metric": ("air-1", b'{"pm52": 35}'),
    "value_not_a_number": ("air-1", b'{"pm25": "thirty"}'),
    "value_not_finite": ("air-1", b'{"pm25": NaN}'),
    "future_time": ("air-1", NEXT_MONTH % int((time.time() + 30 * 86_400) * 1000)),
    "time_out_of_range": ("air-1", YEAR_3000),
    "unknown_device": ("air-404", b'{"pm25": 35}'),
    "bad_device_code": ("air 1!", b'{"pm25": 35}'),
    "too_large": ("air-1", b'{"pm25": ' + b"1" * 10_000_000 + b"}"),
    "not_utf8": ("air-1", b'{"pm25": "\xff\xfe"}'),
    "event_bad_state": ("air-1/event", b'[{"kind": "smoke", "state": "open"}, {"kind": "fire", "state": null}]'),
    "event_bad_level": ("air-1/event", b'{"kind": "door_open", "state": "active", "level": "crimson"}'),
    "senml_bad_unit": ("air-1/senml", b'[{"n":"pm25","u":"banana","v":7}]'),
    "unit_mismatch": ("air-1/senml", b'[{"n":"pm25","u":"m","v":7}]'),
}
"""By reason: the device, or the end of a topic, and the payload."""
NAMED = b'{"timestamp": 1759999999500.5, "values": {"pm25": 7, "pm10": null, "no2": -nan}, "fw": "1.2"}'
"""Good but for one value, though its time has another name and a fraction; nothing is made of one member."""
PERCENT = b'[{"bt":1761000000,"n":"pm25","u":"%","v":700},{"n":"pm25","v":7,"t":1}]'
"""Of a metric with the unit 1: one value in percent, one without a unit."""
OVER = '[{"kind": "water_immersion", "state": "恢复"}, {"kind": "smoke", "alarmStatus": 0}]'.encode()


def _letters(url: str) -> dict[str, tuple[str, int]]:
    with psycopg.connect(url) as conn:
        rows = conn.execute("select reason, detail, payload_size from dead_letter").fetchall()
    return {reason: (detail, size) for reason, detail, size in rows}


def test_each_bad_message_has_its_reason_and_the_rest_is_stored(
    hub: Hub, database: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    hub.register("air-1", "pm25", min=0, max=1000)
    messages = []
    for number, (end, payload) in enumerate(BAD.values()):
        messages.append((f"ganzhi/v1/{end}" if "/" in end else f"ganzhi/v1/{end}/telemetry", payload))
        messages.append(
            ("ganzhi/v1/air-1/telemetry", b'{"ts": %d, "values": {"pm25": 7}}' % (1_760_000_000_000 + number))
        )
    messages += [
        ("ganzhi/v1/air-1/telemetry", NAMED),
        ("ganzhi/v1/air-1/senml", PERCENT),
        ("ganzhi/v1/air-1/event", OVER),
    ]
    mosquitto.publish(messages)
    wait_until(lambda: len(_letters(database)) >= len(BAD), "a dead letter for each", 30)
    letters = _letters(database)
    assert set(letters) == set(BAD)
    assert letters["too_large"][1] == len(BAD["too_large"][1])
    with psycopg.connect(database) as conn:
        assert conn.execute("select count(*) from reading where value = 7").fetchone() == (len(BAD) + 3,)
        first = conn.execute("select (extract(epoch from min(ts)) * 1000000)::bigint from reading").fetchone()
        assert first == (1_759_999_999_500_500,)
        assert conn.execute("select name from device_unused").fetchall() == [("fw",)]
        events = conn.execute("select kind, state from event order by kind").fetchall()
        assert events == [("smoke", "inactive"), ("water_immersion", "inactive")]
        kept = conn.execute("select max(length(payload)) from dead_letter").fetchone()
    assert kept == (65_536,)
    status, told = run_hub("dead-letters", "list", "--limit", "100", env=hub.env, folder=tmp_path)
    assert status == 0
    for reason, (detail, _) in letters.items():
        assert reason in told
        assert detail[:60] in told


def test_good_parts_of_a_message_are_kept(hub: Hub, database: str, mosquitto: Mosquitto) -> None:
    hub.register("air-1", "pm25", "pm10")
    mosquitto.publish([("ganzhi/v1/air-1/telemetry", b'{"pm25": 12.5, "pm10": "?", "pm1": 3}')])
    wait_until(lambda: _letters(database), "the bad part is told", 20)
    with psycopg.connect(database) as conn:
        assert conn.execute("select value from reading").fetchall() == [(12.5,)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[mqtt]\nhost = 'x'\nprot = 1883\n", r"line 3: mqtt.prot"),
        ("[api]\nport = 'many'\n", r"line 2: api.port"),
        ("[api\nport = 1\n", r"line 1"),
    ],
)
def test_a_broken_config_names_the_key_and_the_line(tmp_path: Path, text: str, told: str) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(text, encoding="utf-8")
    status, output = run_hub("serve", "--config", str(config), env={}, folder=tmp_path)
    assert status == 1
    assert "Traceback" not in output
    assert re.search(told, output), output
