import json
from datetime import UTC, datetime, timedelta, timezone

from api.cloudevents import cloudevent, encode
from hub.access.classification import Level

ROW = {
    "alert_id": "0b8e6a3e-6a39-4c39-9d55-111111111111",
    "seq": 3,
    "kind": "acknowledged",
    "at": datetime(2026, 3, 1, 8, 0, 0, 250000, tzinfo=timezone(timedelta(hours=8))),
    "picture": {"device": "air-0", "region": "330106000000", "title": "PM2.5 超标", "value": 260.5},
}


def test_event_has_the_attributes_of_the_contract() -> None:
    assert cloudevent(ROW) == {
        "specversion": "1.0",
        "id": "0b8e6a3e-6a39-4c39-9d55-111111111111.3",
        "source": "ganzhi/330106000000",
        "type": "ganzhi.alert.acknowledged",
        "subject": "air-0",
        "time": "2026-03-01T00:00:00.250000Z",
        "datacontenttype": "application/json",
        "data": ROW["picture"],
    }


def test_source_without_a_region_is_a_dash() -> None:
    row = {**ROW, "at": datetime(2026, 3, 1, tzinfo=UTC), "picture": {"device": "air-0", "region": None}}
    event = cloudevent(row)
    assert event["source"] == "ganzhi/-"
    assert event["time"] == "2026-03-01T00:00:00Z"


def test_encoded_is_one_line_of_utf8() -> None:
    encoded = encode(cloudevent(ROW))
    assert b"\n" not in encoded
    assert b": " not in encoded
    assert "PM2.5 超标".encode() in encoded
    assert json.loads(encoded) == cloudevent(ROW)


def test_an_orange_or_red_alert_tells_what_is_to_be_done_in_the_language_of_its_receiver() -> None:
    red = {
        "rule": "smoke",
        "event_kind": "smoke",
        "peak_level": "red",
        "region": None,
        "guidance": {"contacts": "desk 1"},
    }
    zh, en = (cloudevent({**ROW, "picture": red, "lang": lang})["data"]["guidance"] for lang in ("zh", None))
    assert (zh["contacts"], zh["respond_s"]) == ("desk 1", 60)
    assert "转 119" in zh["action"]
    assert en["action"].startswith("Call the site")
    assert cloudevent({**ROW, "picture": {**red, "peak_level": "yellow"}})["data"]["guidance"] == red["guidance"]
    assert "guidance" not in cloudevent({**ROW, "picture": red}, Level.L1)["data"]
