"""Live tail: one device's messages with the hub's interpretation, while a client is connected.

What comes over MQTT is heard from the broker itself, and shown once it is known what of it was committed. What came
another way is seen in the store afterwards: refused messages as dead letters, the others as readings.
"""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import psycopg
from starlette.requests import HTTPConnection
from starlette.types import Receive, Send

from api.changes import Subscription
from api.context import Context
from api.database import SQL as DATABASE
from api.database import rows
from api.streams.committed import Pending
from api.streams.sse import HEARTBEAT_S, EventStream
from devices.addressing import Origins
from devices.diagnosis.trace import MessageTrace, flags, shown, trace_of, written
from hub.errors import BrokerUnavailable, TransientError
from hub.models import Raw, to_micros
from hub.store.statements import statements
from hub.words import Lang, text
from hub.words.sentence import stored

SQL = statements(__name__)

log = logging.getLogger(__name__)

TAILS = 16
"""At the same time in a process: each costs the broker a subscription and the database a look a second."""
SECONDS = 600.0
"""A tail ends then: nobody watches for longer, and a forgotten one must not cost for ever."""
SHOWN_PER_S = 20
"""Messages shown; those beyond are counted. A screen shows no more, and decoding a flood twice helps nobody."""
FLOOD_S = 3.0
"""So long after messages were only counted, stored readings are not told: it is not known which were shown."""
WAITING = 200
POLL_S = 1.0
COMMITTED_POLL_S = 0.2
"""How often it is looked whether what was heard is committed."""
MQTT = "mqtt"


class Tails:
    """Number of open tails in this process."""

    def __init__(self) -> None:
        self.open = 0

    @property
    def crowded(self) -> bool:
        """Whether the limit is reached."""
        return self.open >= TAILS


class Tail:
    """Tail of one device. `run` collects from broker and store; `frames` yields server-sent events."""

    def __init__(self, context: Context, code: str, lang: Lang) -> None:
        self._context, self._code, self._lang = context, code, lang
        self._prefix = context.settings.mqtt.prefix
        self._origins = Origins(self._prefix)
        self._found: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue(WAITING)
        self._hearing = self._over = False
        self._second, self._taken, self._skipped = 0, 0, 0
        self._flooded = -FLOOD_S
        """When a message of the broker was last counted instead of shown."""
        self._pending = Pending(lambda trace: self._put("message", trace.as_object()), lang)
        self._live: deque[tuple[str, float, int]] = deque(maxlen=2_000)
        """Metric, value and time of readings that were shown."""

    async def run(self) -> None:
        """Collect until cancelled; ends at once, with the stream, when the database is down."""
        try:
            await self._context.registry.refresh(self._context.hub_pool)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._hear(), name="tail.hear")
                group.create_task(self._look(), name="tail.look")
                group.create_task(self._confirm(), name="tail.confirm")
        except (psycopg.Error, OSError, TransientError) as error:
            self._note(text("tail.store_away", self._lang, why=error))
        finally:
            self._over = True

    async def frames(self, mine: Subscription) -> AsyncIterator[bytes]:
        """The tail as server-sent events: `message`, `reading`, `skipped`, `note`, and `end` when the time is up."""
        clock = asyncio.get_running_loop().time
        until, spoken = clock() + SECONDS, clock()
        yield b"retry: 600000\n: watching\n\n"
        while clock() < until and not (self._over and self._found.empty()):
            found: tuple[str, dict[str, Any]] | None = None
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    found = await self._found.get()
            while await mine.next(0.0):
                pass  # alerts come on the same subscription, which is here only for the end of the hub
            if found is not None:
                yield _frame(*found)
            elif self._skipped:
                yield _frame("skipped", {"count": self._take_skipped()})
            elif clock() - spoken < HEARTBEAT_S:
                continue
            else:
                yield b": alive\n\n"
            spoken = clock()
        yield _frame("end", {"time_is_up": clock() >= until})

    def _take_skipped(self) -> int:
        skipped, self._skipped = self._skipped, 0
        return skipped

    def _put(self, kind: str, body: dict[str, Any]) -> None:
        try:
            self._found.put_nowait((kind, body))
        except asyncio.QueueFull:
            self._skipped += 1

    def _note(self, told: str) -> None:
        self._put("note", {"text": told})

    def _room(self) -> bool:
        """Whether another message may be shown this second; otherwise it is counted."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._taken = second, 0
        self._taken += 1
        if self._taken <= SHOWN_PER_S:
            return True
        self._skipped += 1
        return False

    async def _hear(self) -> None:
        """Receive messages from the broker; reports when it goes down and when it is back."""
        broker = self._context.broker
        if broker is None:
            self._note(text("tail.no_broker", self._lang))
            return
        code, prefix = self._code, self._prefix
        filters = [f"{prefix}/{code}/+", f"{prefix}/{code}/child/+/+", f"{prefix}/+/child/{code}/+"]
        if not self._context.scope.everywhere:  # its children may be somebody else's
            del filters[1]
        away = False
        while True:
            try:
                async with broker.heard(*filters) as messages:
                    self._hearing, away = True, False
                    self._note(text("tail.listening", self._lang, topic=filters[0]))
                    async for topic, payload in messages:
                        if not self._room():
                            self._flooded = time.monotonic()
                        else:
                            self._show(self._raw(topic, payload))
            except BrokerUnavailable as error:
                if not away:
                    self._note(text("tail.broker_away", self._lang, why=error.detail or error))
                self._hearing, away = False, True
            await asyncio.sleep(POLL_S)

    def _raw(self, topic: str, payload: bytes) -> Raw:
        return Raw(self._origins.of_topic(topic), payload, time.time_ns() // 1000)

    def _show(self, raw: Raw) -> None:
        if self._over:
            return
        account, batch = trace_of(raw, self._context.registry, self._lang)
        for reading in account.readings:
            at = to_micros(datetime.fromisoformat(reading["ts"]))
            self._live.append((reading["metric"], reading["value"], at))
        self._pending.add(account, batch)

    async def _confirm(self) -> None:
        """Look up what became of the messages that were heard."""
        while True:
            await asyncio.sleep(COMMITTED_POLL_S)
            if not len(self._pending):
                continue
            try:
                async with self._context.pool.connection() as conn:
                    await self._pending.look(conn)
            except (psycopg.Error, OSError, TransientError) as error:
                log.debug("the tail of %s cannot look for what is committed: %s", self._code, error)
            self._pending.expire()

    async def _look(self) -> None:
        """Poll dead letters and readings that arrived by other transports, once a second."""
        since = datetime.now(UTC)
        readings_since = since
        while True:
            await asyncio.sleep(POLL_S)
            try:
                async with self._context.pool.connection() as conn:
                    if not (self._context.scope.everywhere or await rows(conn, DATABASE.device, {"code": self._code})):
                        self._over = True  # it has left what the reader may see
                        return
                    letters = await rows(conn, SQL.letters, {"code": self._code, "since": since})
                    found = await rows(conn, SQL.readings, {"code": self._code, "since": readings_since})
            except (psycopg.Error, OSError, TransientError) as error:
                log.debug("the tail of %s cannot read the store: %s", self._code, error)
                continue
            for letter in letters:
                since = letter["received_at"]
                if not (self._hearing and letter["transport"] == MQTT) and self._room():
                    self._put("message", _letter(letter, self._lang).as_object())
            self._tell_readings(found)
            if time.monotonic() - self._flooded < FLOOD_S:
                readings_since = datetime.now(UTC)
            elif found:
                readings_since = min(found[-1]["ts"], datetime.now(UTC))

    def _tell_readings(self, found: list[dict[str, Any]]) -> None:
        if time.monotonic() - self._flooded < FLOOD_S:
            return  # these may be of messages that were only counted
        for reading in found:
            if not self._seen(reading) and self._room():
                self._live.append((reading["metric"], reading["value"], to_micros(reading["ts"])))
                self._put("reading", _reading(reading, self._lang))

    def _seen(self, reading: dict[str, Any]) -> bool:
        """Whether a stored reading was already shown; without a device timestamp, times match approximately."""
        at = to_micros(reading["ts"])
        near = 2_000_000 if reading["quality"] & 4 else 0
        metric, value = reading["metric"], reading["value"]
        return any(m == metric and v == value and abs(at - t) <= near for m, v, t in self._live)


def _letter(row: dict[str, Any], lang: Lang) -> MessageTrace:
    payload = bytes(row["payload"])
    beginning, encoding = shown(payload, private=row["payload_size"] > 0 and not payload)
    at, size = to_micros(row["received_at"]), row["payload_size"]
    account = MessageTrace(at, row["transport"], row["address"], beginning, encoding, size, "refused")
    detail = stored(row["detail"], row["detail_words"])
    account.refuse(payload, row["address"].rpartition("/")[2], row["reason"], detail, row["at"], lang)
    return account


def _reading(row: dict[str, Any], lang: Lang) -> dict[str, Any]:
    told = {name: row[name] for name in ("metric", "value", "unit")}
    return {**told, "ts": written(to_micros(row["ts"])), "note": flags(row["quality"], lang)}


def _frame(kind: str, body: dict[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))


class TailStream(EventStream):
    """Streams a tail until the reader leaves, the time is up, or the hub stops."""

    def __init__(self, context: Context, tails: Tails, code: str, lang: Lang) -> None:
        self._tails, self._tail = tails, Tail(context, code, lang)
        super().__init__(context, self._tail.frames, desk=False)

    async def _serve(self, connection: HTTPConnection, receive: Receive, send: Send) -> None:
        """Like EventStream, running the tail alongside."""
        self._tails.open += 1
        try:
            async with asyncio.TaskGroup() as group:
                working = group.create_task(self._tail.run(), name="tail")
                await super()._serve(connection, receive, send)
                working.cancel()
        finally:
            self._tails.open -= 1
