"""What the demo shows: a live picture in a terminal, plain lines elsewhere, whatever the hub answers."""

import io
from typing import Any

import pytest
from rich.console import Console

from app.demo import view as views
from app.demo.verdict import Verdict
from app.demo.view import View

STATUS: dict[str, Any] = {
    "rates": {"messages_per_s": 400.0, "readings_per_s": 1723.4},
    "totals": {"devices": 200, "readings": 51967, "dead_letters": 60},
    "alerts": {"red": 2, "orange": 0, "yellow": 1, "blue": 0},
    "latest": [
        {
            "device_name": "仓前街道空气站",
            "metric": "pm25",
            "unit": "ug/m3",
            "ts": "2026-11-22T00:25:32Z",
            "value": 35.2,
        },
        {"device_name": "[bold]odd[/bold]", "metric": "x", "unit": None, "ts": "2026-11-22T00:25:32Z", "value": 1.0},
    ],
}
ALERT = {
    "level": "red", "peak_level": "red", "opened_at": "2026-11-22T00:25:32Z", "rule_name": "发现烟雾",
    "device_name": "路口摄像机", "state": "open", "cleared_at": None,
}  # fmt: skip
HIDDEN = [("stuck", "pole-1 voltage", True), ("leak", "lamp-1 power", False)]
VERDICT = Verdict(
    10, 9, 1, 0, 0, 2, 2, 2, 20.0, None, 1.5, 3, ["cam-001 smoke"], ["air-001 pm10"], 0, 1, 0, HIDDEN, 700, 600
)


class ReceivedReplies:
    """A hub's API that answers as told."""

    def __init__(self, status: dict[str, Any], alerts: list[dict[str, Any]]) -> None:
        self._answers = {"/api/v1/status": status, "/api/v1/alerts": {"items": alerts}}

    def get(self, path: str, **_query: object) -> dict[str, Any]:
        return self._answers[path]


def shown(status: dict[str, Any], alerts: list[dict[str, Any]], terminal: bool, past: views.Past | None = None) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=140, height=50)
    with View(console, 30.0) as view:
        view.begin()
        view.show(ReceivedReplies(status, alerts), "http://127.0.0.1:8420", past)  # type: ignore[arg-type]
        view.result(VERDICT)
    return out.getvalue()


def test_a_terminal_sees_rates_readings_and_alerts() -> None:
    cleared = {**ALERT, "level": "blue", "peak_level": "orange", "cleared_at": "2026-11-22T00:25:33Z"}
    text = shown(STATUS, [ALERT, cleared], terminal=True)
    for part in ("http://127.0.0.1:8420", "1,723", "51,967", "发现烟雾", "红 red", "橙 orange", "cleared", "35.2"):
        assert part in text
    assert "[bold]odd[/bold]" in text, "names are shown as they are"


def test_a_terminal_sees_something_while_the_hub_does_not_answer() -> None:
    assert "has not answered" in (silent := shown({}, [], terminal=True))
    assert "0 devices" not in silent, "nobody is frightened by zeros that are none"
    assert "messages/s" in shown({**STATUS, "totals": None, "alerts": None}, [], terminal=True)


def test_elsewhere_there_are_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "PLAIN_EVERY_S", 0.0)
    text = shown(STATUS, [], terminal=False)
    assert "\x1b" not in text
    assert "1,723 readings/s" in text


def test_the_past_is_shown_while_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "PLAIN_EVERY_S", 0.0)
    for terminal in (True, False):
        text = shown(STATUS, [], terminal, past=(120, 297))
        assert "weeks of past" in text
        assert "120 of 297 packs" in text
    assert "weeks of past" not in shown(STATUS, [], terminal=True)


def test_the_result_tells_what_was_ill_and_whether_it_was_found_and_what_of_the_past_is_stored() -> None:
    text = shown(STATUS, [], terminal=False)
    for part in ("pole-1 voltage: stays at one value, found", "lamp-1 power: leaks in a quiet hour, not found"):
        assert part in text
    assert "700 / 600" in text
    assert "1 of 2" in text


def test_the_result_names_what_was_missed() -> None:
    text = shown(STATUS, [], terminal=False)
    assert "no alert of the right level was delivered for: cam-001 smoke" in text
    assert "1 alert without an anomaly: air-001 pm10" in text
    assert "1 of 1" in text
