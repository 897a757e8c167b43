"""MQTT ingest: persistent session, QoS 1; each message is acknowledged only after its commit."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from hub.backoff import Backoff, jittered
from hub.errors import BrokerUnavailable, StoreUnavailable
from hub.models import Micros, Origin, from_micros, now_micros
from hub.pipeline import Sink
from hub.settings import Mqtt
from hub.telemetry import Counters
from ingest.mqtt.client_id_conflict import SUSPICIOUS, ClientIdConflict
from ingest.mqtt.connection import MqttConnection
from ingest.mqtt.filters import Filters
from ingest.mqtt.former_session import FormerReader, hand_over
from ingest.mqtt.reader import Intake, SessionReader
from ingest.mqtt.session import Identity, Session, UnstoredSession

log = logging.getLogger(__name__)

PERMISSION_S = 0.1
LONGEST_WAIT_S = 15.0
PATIENCE = 2
"""So many connections in a row may end before the subscriptions are answered, until less is asked for."""
SAVED_S = 7_200.0
"""Subscriptions that are older than this a broker has saved: one that is killed comes back without newer ones."""

REMEDY = "Stop it, give each hub its own mqtt.client_id, and bind the accounts of devices (docs/BROKERS.md)"
RIVAL = (
    "%d connections ended right after they began: another hub or client uses mqtt.client_id %r, and the broker lets in "
    "only the newest. What the broker hands to the other one, or drops because that one asked for a clean session, is "
    f"lost to this hub. {REMEDY}; trying less often"
)
TAKEN_OVER = (
    "another client has connected with the client id of the session %r, and the broker has handed the session to it. "
    f"What it takes there is lost to this hub. {REMEDY}"
)
LOST = (
    "the broker does not know the session of mqtt.client_id %r any more: its data were lost, the session has expired, "
    "or another client ended it. What the broker had accepted for the hub since %s may be lost"
)


class MqttSource:
    """Submits messages to the pipeline and acknowledges them when settled.

    When the pipeline is full, reading stops: QoS 1 messages stay with the broker. A QoS 0 message that has been
    read by then is let go and counted, for nobody was promised anything about it.
    """

    def __init__(
        self,
        settings: Mqtt,
        topics: Sequence[str],
        pipeline: Sink,
        counters: Counters,
        origin: Callable[[str], Origin],
        permitted: Callable[[], bool] = lambda: True,
        session: Session | None = None,
        filters: Filters | None = None,
    ) -> None:
        """`origin` tells what a topic means. While it is not `permitted`, it stays away from the broker: another hub
        has the session. Without a `session` it has the one that an edge without a database has. `filters` are more
        than `topics`, which a session has that is handed over.
        """
        self._settings, self._topics = settings, topics
        self._filters = filters or Filters(topics)
        self._intake = Intake(pipeline, counters, origin)
        self._session = session or UnstoredSession(settings)
        self._permitted = permitted
        self._identity: Identity | None = None
        self._reader: SessionReader | None = None
        self._marks = True
        """Whether the next connection publishes a marker: not if the last one ended behind it."""
        self._held_at: Micros | None = None
        self._conflict = ClientIdConflict()
        self._stopped = asyncio.Event()
        self._cut_off = False
        """Whether the last connection was not ended by the hub: the broker may have been killed."""
        self._whole_refused = False
        """Whether the broker lets the hub hear its devices, but not all below the prefix."""
        self._unanswered = 0
        """How many connections in a row have ended before the broker had answered the subscriptions."""
        self._asked_at = 0.0
        """When it asked for subscriptions last."""

    @property
    def connected(self) -> bool:
        """Whether the connection is up and subscribed."""
        return self._session.held

    @property
    def behind(self) -> bool:
        """Whether the session may still hold messages from before the connection."""
        return self._reader is None or self._reader.behind

    def until(self) -> Micros:
        """Up to when all that was published is read, or was on its way just now, while it is connected."""
        return now_micros() if self._reader is None else self._reader.connection.window.until()

    def reasons(self) -> list[str]:
        """What else keeps it from its session; empty if nothing does."""
        if self._conflict.suspected:
            return [f"another client uses mqtt.client_id {self._settings.client_id!r}, and takes the session over"]
        if isinstance(self._reader, FormerReader):
            return [f"the session {self._reader.name!r} of an older version is being handed over"]
        return []

    def stop(self) -> None:
        """Stop reading; messages already read can be settled until `close`."""
        self._stopped.set()

    def close(self) -> None:
        """Disconnect; the broker keeps unacknowledged messages."""
        reader, self._reader = self._reader, None
        self._let_go()
        if reader is not None:
            self._marks = not reader.refused
            reader.close()

    async def run(self) -> None:
        """Stay connected until `stop`; logs once when the broker goes down and once when it is back."""
        backoff = Backoff(log, "connected to the broker", longest_s=LONGEST_WAIT_S)
        while not self._stopped.is_set():
            if not self._permitted():
                self._identity = None  # the other hub may hand the session over
                await self._pause(PERMISSION_S)
                continue
            try:
                identity = self._identity = self._identity or await self._session.load()
                if identity.former is None or await self._handed_over(identity):
                    await self._take(identity, backoff)
                if not self._stopped.is_set():
                    self.close()
            except (OSError, BrokerUnavailable, StoreUnavailable) as error:
                self._failed(error, backoff)
                self.close()
                self._cut_off = True
                await self._pause(max(backoff.next_s(), jittered(self._conflict.wait_s)))
            except BaseException:
                self.close()
                raise

    def _going_on(self) -> bool:
        return self._permitted() and not self._stopped.is_set()

    async def _connect(self, reader: SessionReader) -> None:
        self._reader = reader
        await reader.connect()
        self._conflict.opened()

    async def _handed_over(self, identity: Identity) -> bool:
        """Take what the session of an older version holds; whether that is done."""
        former = FormerReader(self._settings, identity, self._topics, self._intake)
        await self._connect(former)
        topics = self._filters.needed(self._session.whole)
        if not await hand_over(self._settings, identity, topics, former, self._going_on):
            return False
        self._session.handed_over()
        self._identity = identity._replace(former=None)
        return True

    async def _take(self, identity: Identity, backoff: Backoff) -> None:
        """Read the session until the connection ends, or it is not to go on."""
        name, source = identity.client_id, identity.source
        reader = self._reader_of(name, source)
        await self._connect(reader)
        await self._subscribe(reader.connection)
        if not reader.connection.session_present and (since := self._held_at or identity.held_at) is not None:
            log.error(LOST, self._settings.client_id, from_micros(since).isoformat(timespec="seconds"))
            self._session.lost(since)
        while self._going_on():
            if reader.connection.confirmed and not self._session.held:
                self._session.held = True
                self._leave_whole(reader.connection)
                self._unanswered = 0 if self._unanswered < PATIENCE else self._unanswered
                self._session.subscribed((self._session.filters or frozenset()) | reader.connection.granted)
                self._greet(reader.connection)
                if not backoff.succeeded():
                    log.info("connected to the broker")
            await reader.step()
        await reader.hand_over()

    def _reader_of(self, name: str, source: str) -> SessionReader:
        """The reader of a connection that is to be opened."""
        return SessionReader(self._settings, name, source, None, self._intake, self._marks)

    def _greet(self, connection: MqttConnection) -> None:
        """What is done once a connection has its subscriptions."""

    async def _subscribe(self, connection: MqttConnection) -> None:
        """Ask for what the session does not have yet: for others the broker would send what it retains once more."""
        session, filters = self._session, self._filters
        whole = bool(filters.whole) and not self._whole_refused and self._unanswered < 2 * PATIENCE
        if not connection.session_present or (session.whole and not whole):
            await session.begin(whole)
        needed = filters.needed(session.whole)
        useful = filters.useful(session.whole) if self._unanswered < PATIENCE else []
        had = frozenset(filters.former) if session.filters is None else session.filters
        if stale := had.difference(needed, useful):
            connection.leave(sorted(stale))
            had -= stale
        session.subscribed(had)
        if self._cut_off and time.monotonic() - self._asked_at < SAVED_S:
            had = frozenset()
        wanted = [topic for topic in needed if topic not in had], [topic for topic in useful if topic not in had]
        if any(wanted):
            self._asked_at = time.monotonic()
        connection.ask_for(*wanted)

    def _leave_whole(self, connection: MqttConnection) -> None:
        """Where the session has it from before, a broker may deliver twice. Once the others are there: none is lost."""
        if connection.session_present and not self._session.whole and self._filters.whole:
            connection.leave(self._filters.whole)

    def _failed(self, error: Exception, backoff: Backoff) -> None:
        if self._reader is not None and not isinstance(error, StoreUnavailable):
            self._note_refusal(self._reader.connection)
        thrown_out = self._reader is not None and self._reader.connection.thrown_out
        if self._reader is not None and self._reader.connection.taken_over:
            self._conflict.ended()
            self._session.taken_over()
            backoff.failed(TAKEN_OVER, self._settings.client_id)
        elif self._conflict.ended(thrown_out):
            self._session.taken_over()
            backoff.failed(RIVAL, SUSPICIOUS, self._settings.client_id)
        elif isinstance(error, StoreUnavailable):
            backoff.failed("the client id cannot be read: %s", error)
        else:
            backoff.failed("broker %s:%s: %s", self._settings.host, self._settings.port, error)

    def _note_refusal(self, connection: MqttConnection) -> None:
        """Some brokers deny a subscription, others end the connection for it: then less is asked for, step by step."""
        if connection.denied in self._filters.whole:
            self._whole_refused = True
        elif connection.asking:
            self._unanswered += 1

    def _let_go(self) -> None:
        """The session is held no more; the broker keeps it."""
        if self._session.held:
            self._session.held, self._held_at = False, now_micros()

    async def _pause(self, seconds: float) -> None:
        """Sleep, interrupted by `stop`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
