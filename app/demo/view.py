"""The demo's display: a live terminal view or plain lines, fed by the hub's HTTP API."""

import time
from datetime import datetime
from types import TracebackType
from typing import Any

import httpx
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from app.demo.verdict import Verdict
from hub.models import LEVEL_NAMES

COLOURS = dict(zip(LEVEL_NAMES, ("bright_blue", "yellow", "dark_orange", "bold red"), strict=True))
MARKS = dict(zip(LEVEL_NAMES, ("蓝 blue", "黄 yellow", "橙 orange", "红 red"), strict=True))
LATEST, ALERTS = 14, 8
"""Rows shown of each."""
PLAIN_EVERY_S = 5.0
BAR_CELLS = 20
SICKNESSES = {
    "drift": "drifts away",
    "stuck": "stays at one value",
    "slow": "reports seldom",
    "burst": "reports in bursts",
    "jump": "has jumped, within limits",
    "noisy": "has become noisy",
    "leak": "leaks in a quiet hour",
    "shifted": "has its day hours late",
}
"""What no threshold sees, by its kind."""
Past = tuple[int, int]
"""Packs that are told, of how many."""


class Feed:
    """API client of the view; unavailable data is omitted."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=2)

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """A JSON object, or an empty one while the hub does not answer."""
        try:
            answer = self._client.get(path, params=query)
            found: dict[str, Any] = answer.json() if answer.is_success else {}
        except (httpx.TransportError, ValueError):
            return {}
        return found

    def ready(self) -> bool:
        """Whether the hub reports ready."""
        return bool(self.get("/readyz"))

    def close(self) -> None:
        self._client.close()


class View:
    """Shows steps, then the running hub, then the result."""

    def __init__(self, console: Console, seconds: float | None) -> None:
        self._console, self._seconds = console, seconds
        self._live: Live | None = None
        self._began = 0.0
        self._told = 0.0

    def __enter__(self) -> "View":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def step(self, text: str) -> None:
        """Show the current step."""
        self._stop()
        self._console.print(Text(text, style="dim"))

    def begin(self) -> None:
        """Switch to the running view."""
        self._began = self._told = time.monotonic()
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()

    def show(self, feed: Feed, url: str, past: Past | None = None) -> None:
        """Update the display; `past`: how far that is told. The clock starts when it is."""
        if past is not None:
            self._began = time.monotonic()
        if self._live is not None:
            status = feed.get("/api/v1/status")
            alerts = feed.get("/api/v1/alerts", limit=ALERTS)
            self._live.update(self._picture(status, alerts.get("items", []), url, past), refresh=True)
        elif time.monotonic() - self._told >= PLAIN_EVERY_S:
            self._told = time.monotonic()
            begun = Text(f"{self._clock():>12}  ") if past is None else _past(past)
            self._console.print(begun + _numbers(feed.get("/api/v1/status")), soft_wrap=True)

    def result(self, verdict: Verdict) -> None:
        """The table at the end."""
        self._stop()
        self._console.print(_table(verdict))
        for kind, target, found in verdict.hidden:
            told = ("found", "green") if found else ("not found", "bold red")
            self._console.print(Text.assemble(f"{target}: {SICKNESSES.get(kind, kind)}, ", told), soft_wrap=True)
        for missed in verdict.anomalies_missed[:10]:
            self._console.print(Text(f"no alert of the right level was delivered for: {missed}", style="red"))
        if others := verdict.unexpected_alerts:
            unforeseen = f"{len(others)} alert{'s' * (len(others) != 1)} without an anomaly: {', '.join(others[:10])}"
            self._console.print(Text(unforeseen, style="yellow"), soft_wrap=True)

    def _stop(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _clock(self) -> str:
        ran = time.monotonic() - self._began
        return f"{ran:.0f} s" if self._seconds is None else f"{min(ran, self._seconds):.0f} of {self._seconds:g} s"

    def _picture(self, status: dict[str, Any], alerts: list[dict[str, Any]], url: str, past: Past | None) -> Panel:
        body = Group(
            _numbers(status),
            Text() if past is None else _past(past),
            _alerts(alerts),
            _latest(status.get("latest", [])),
        )
        ends = "Ctrl-C ends it" if self._seconds is None else ""
        title = Text.assemble(("感知 Ganzhi ", "bold cyan"), (url, "underline"))
        return Panel(body, title=title, subtitle=f"{self._clock()}  {ends}".strip(), border_style="cyan")


def _past(past: Past) -> Text:
    full = BAR_CELLS * past[0] // max(1, past[1])
    bar = ("━" * full, "green"), ("━" * (BAR_CELLS - full), "dim")
    return Text.assemble("weeks of past  ", *bar, f"  {past[0]} of {past[1]} packs  ")


def _numbers(status: dict[str, Any]) -> Text:
    """Rates, totals and active alerts in one line; of a hub that did not answer, that."""
    if not status:
        return Text("the hub has not answered within 2 s: this machine is busy, or see logs/hub.log", "yellow")
    rates, totals = status.get("rates") or {}, status.get("totals") or {}
    text = Text.assemble(
        (f"{rates.get('messages_per_s', 0):,.0f}", "bold green"),
        " messages/s  ",
        (f"{rates.get('readings_per_s', 0):,.0f}", "bold green"),
        " readings/s  ",
        (f"{totals.get('readings', 0):,}", "bold"),
        " readings  ",
        (f"{totals.get('devices', 0):,}", "bold"),
        " devices  ",
        (f"{totals.get('dead_letters', 0):,}", "bold"),
        " dead letters  active:",
    )
    for level in reversed(LEVEL_NAMES):
        count = (status.get("alerts") or {}).get(level, 0)
        text.append(f" {count} {level}", COLOURS[level] if count else "dim")
    return text


def _alerts(alerts: list[dict[str, Any]]) -> Table:
    table = Table(box=SIMPLE_HEAD, expand=True, title="Alerts 告警", title_justify="left", title_style="bold")
    for name, ratio in (("level", 2), ("since", 2), ("what", 4), ("where", 6), ("state", 2)):
        table.add_column(name, ratio=ratio, no_wrap=True)
    for alert in alerts:
        over = alert["cleared_at"] is not None
        level = alert["peak_level"] if over else alert["level"]
        state = "cleared" if over else alert["state"]
        cells = MARKS[level], _time(alert["opened_at"]), alert["rule_name"], alert["device_name"], state
        table.add_row(*(Text(cell) for cell in cells), style="dim" if over else COLOURS[level])
    for _ in range(ALERTS - len(alerts)):
        table.add_row("")
    return table


def _latest(latest: list[dict[str, Any]]) -> Table:
    table = Table(
        box=SIMPLE_HEAD, expand=True, title="Latest readings 最新读数", title_justify="left", title_style="bold"
    )
    table.add_column("device", ratio=6, no_wrap=True)
    table.add_column("metric", ratio=2, no_wrap=True)
    table.add_column("value", ratio=2, justify="right", no_wrap=True)
    table.add_column("time", ratio=2, no_wrap=True)
    one_of_each = {row["metric"]: row for row in latest}
    for row in list(one_of_each.values())[:LATEST]:
        value = Text.assemble((f"{row['value']:g}", "bold"), f" {row['unit'] or ''}")
        table.add_row(Text(row["device_name"]), Text(row["metric"]), value, _time(row["ts"]))
    return table


def _table(verdict: Verdict) -> Table:
    good, bad = "bold green", "bold red"
    table = Table(title="What the demo found", box=SIMPLE_HEAD, show_header=False, title_justify="left")
    table.add_column(justify="left")
    table.add_column(justify="right")
    missed = len(verdict.anomalies_missed)
    found = sum(found for *_, found in verdict.hidden)
    whole = verdict.past_stored == verdict.past_told
    rows: list[tuple[str, object, str]] = [
        ("acknowledged by the broker", f"{verdict.sent:,}", ""),
        ("stored readings and events", f"{verdict.stored:,}", ""),
        ("told of the past / stored", f"{verdict.past_told:,} / {verdict.past_stored:,}", good if whole else bad),
        ("wrong on purpose, dead letters", f"{verdict.rejected:,} of {verdict.faults_sent:,}", ""),
        ("stations heard", f"{verdict.stations[0]} of {verdict.stations[1]}", ""),
        ("slaves and streams read", f"{verdict.slaves[0]} of {verdict.slaves[1]}", ""),
        ("lost", verdict.lost, bad if verdict.lost else good),
        ("duplicates", verdict.duplicates, bad if verdict.duplicates else good),
        ("anomalies injected", verdict.anomalies_injected, ""),
        ("of these, seen by no threshold and found", f"{found} of {len(verdict.hidden)}", ""),
        ("anomalies without their alert", missed, bad if missed else good),
        ("alerts raised / delivered", f"{verdict.alerts_raised} / {verdict.alerts_delivered}", ""),
        ("alerts of the camera that burns", verdict.video_fires_alerted, ""),
        ("publish to receiver, median", _ms(verdict.alert_ms_p50), ""),
        ("publish to receiver, 99 %", _ms(verdict.alert_ms_p99), ""),
        ("readings a second", f"{verdict.readings_per_s:,.0f}", ""),
    ]
    for name, value, style in rows:
        table.add_row(name, Text(str(value), style=style))
    return table


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f} ms"


def _time(text: str) -> str:
    return datetime.fromisoformat(text).astimezone().strftime("%H:%M:%S")
