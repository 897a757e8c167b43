"""Ground truth on disk: everything the broker acknowledged, and the alerts that must follow."""

import json
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, TextIO

from hub.models import LEVEL_NAMES, Micros
from simulator.messages import Message
from simulator.things import ThresholdRule

COLUMNS = {
    "readings": "device,metric,ts_us,value",
    "given_up": "device,metric,ts_us,value",
    "events": "device,id,kind,state,ts_us",
    "anomalies": "anomaly,device,metric,event_kind,level,ts_us,published_us,hidden",
}
BUFFER = 1 << 18
"""Bytes a file buffers; memory stays the same however long the city lives."""


class Published(NamedTuple):
    """A message and when it was published."""

    message: Message
    at: Micros


class Truth:
    """Writes readings.csv, given_up.csv, events.csv and anomalies.csv, and at the end summary.json, into a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, TextIO] = {}
        self.past: dict[str, object] = {"devices": [], "readings": 0}
        """Who has told a past, and how many readings of it the broker has acknowledged."""
        self.stations, self.heard = 0, set[str]()
        """Of the field's protocols: how many there are, and which were acknowledged something."""
        self.slaves: list[str] = []
        """Whom DTUs answer for, and whose video is looked at: nobody acknowledges what they tell."""
        self.messages = self.readings = self.events = 0
        self.anomalies: set[int] = set()
        self.faults: Counter[str] = Counter()

    def __enter__(self) -> "Truth":
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, header in COLUMNS.items():
            self._files[name] = (self._folder / f"{name}.csv").open("w", BUFFER, encoding="utf-8")
            self._files[name].write(header + "\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()

    def acknowledged(self, note: Published) -> None:
        """Record a message's ground truth; called after its PUBACK."""
        message = note.message
        self.messages += 1
        self.readings += len(message.readings)
        self.events += len(message.events)
        if message.fault is not None:
            self.faults[message.fault] += 1
        self._files["readings"].writelines(_rows(message))
        for event in message.events:
            self._files["events"].write(f"{event.device},{event.id},{event.kind},{event.state or ''},{event.ts}\n")
        for step in message.steps:
            number, rule = step.anomaly.number, step.anomaly.rule
            what = f"{rule.metric}," if isinstance(rule, ThresholdRule) else f",{rule.event_kind}"
            level = LEVEL_NAMES[step.level - 1]
            row = f"{number},{step.anomaly.thing.code},{what},{level},{step.ts},{note.at},{step.anomaly.hidden}\n"
            self._files["anomalies"].write(row)
            self.anomalies.add(number)

    def given_up(self, message: Message) -> None:
        """Record readings that were sent and never answered: the hub may store each once, or not at all."""
        self._files["given_up"].writelines(_rows(message))

    def summary(self, started: Micros, ended: Micros, unacknowledged: int) -> dict[str, object]:
        """Write summary.json and return what it says; times in microseconds since the epoch."""
        told = {
            "messages": self.messages,
            "readings": self.readings,
            "events": self.events,
            "faults": dict(self.faults),
            "anomalies": len(self.anomalies),
            "past": self.past,
            "stations": {"wanted": self.stations, "heard": len(self.heard)},
            "slaves": self.slaves,
            "unacknowledged": unacknowledged,
            "started_us": started,
            "ended_us": ended,
        }
        (self._folder / "summary.json").write_text(json.dumps(told) + "\n", encoding="utf-8")
        return told


def _rows(message: Message) -> list[str]:
    return [
        f"{device},{metric},{'' if ts is None else ts},{value!r}\n" for device, metric, ts, value in message.readings
    ]
