"""What became of messages that were heard at the broker: looked up in the store until they are committed."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from psycopg import AsyncConnection

from api.database import rows
from devices.diagnosis.trace import READINGS, MessageTrace
from hub.models import Batch, from_micros
from hub.quality import Quality
from hub.repeats import Doubles
from hub.store.statements import statements
from hub.words import Lang, text

SQL = statements(__name__)

PATIENCE_S = 10.0
"""What is not committed by then is shown as pending: the store is away, or the hub holds back."""
NEAR_S = 2.0
"""What came without a time has the hub's time of arrival, which is about that of the tail."""


@dataclass(slots=True)
class Heard:
    """A message whose commit is waited for."""

    trace: MessageTrace
    batch: Batch
    """As decoded by the tail itself."""
    since: float = field(default_factory=time.monotonic)
    settled: bool = False


class Pending:
    """Messages in the order in which they came; each is shown once it is known what became of it."""

    def __init__(self, show: Callable[[MessageTrace], None], lang: Lang) -> None:
        self._show, self._lang = show, lang
        self._heard: deque[Heard] = deque()

    def __len__(self) -> int:
        return len(self._heard)

    def add(self, trace: MessageTrace, batch: Batch) -> None:
        """A message; one that brings nothing to be stored is shown after those before it."""
        awaited = trace.verdict in ("stored", "partly") and bool(len(batch.readings) or batch.events)
        self._heard.append(Heard(trace, batch, settled=not awaited))
        self._release()

    async def look(self, conn: AsyncConnection) -> None:
        """Look up what is not settled."""
        for heard in self._heard:
            if not heard.settled:
                heard.settled = await self._is_settled(conn, heard)
        self._release()

    def expire(self) -> None:
        """Show what has waited too long as pending."""
        for heard in self._heard:
            if not heard.settled and time.monotonic() - heard.since > PATIENCE_S:
                heard.trace.verdict, heard.settled = "pending", True
        self._release()

    def _release(self) -> None:
        while self._heard and self._heard[0].settled:
            self._show(self._heard.popleft().trace)

    async def _is_settled(self, conn: AsyncConnection, heard: Heard) -> bool:
        """Whether all of a message is in the store; notes where that holds something else."""
        readings, events = heard.batch.readings, heard.batch.events
        untimed = (readings.quality & Quality.NO_TIME) != 0
        asked: dict[str, object] = {
            "series": readings.series.tolist(),
            "ts": [from_micros(ts) for ts in readings.ts.tolist()],
            "value": readings.value.tolist(),
            "untimed": untimed.tolist(),
            "near_s": NEAR_S,
        }
        found = await rows(conn, SQL.readings, asked) if len(readings) else []
        stored = await rows(conn, SQL.events, _asked(heard.batch) | {"near_s": NEAR_S}) if events else []
        if len(found) < len(readings) or len(stored) < len(events):
            return False
        others = {row["place"] - 1: row["value"] for row in found if not row["same"]}
        for place, value in others.items():
            if place < READINGS:
                reading = heard.trace.readings[place]
                told = text("tail.other_value", self._lang, value=f"{value:.15g}")
                reading["note"] = text("phrase.comma", self._lang).join(filter(None, (reading["note"], told)))
        if others or len(heard.batch.of(Doubles).conflicts) or not all(row["same"] for row in stored):
            heard.trace.verdict = "conflicting"
        return True


def _asked(batch: Batch) -> dict[str, object]:
    events = batch.events
    return {
        "id": [event.id for event in events],
        "device": [event.device_id for event in events],
        "kind": [event.kind for event in events],
        "state": [event.state for event in events],
        "level": [event.level or 0 for event in events],
        "untimed": [event.ts == event.received for event in events],
        "received": [from_micros(event.received) for event in events],
    }
