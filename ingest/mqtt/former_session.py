"""Hands a session over from a client id that everybody knows to one that nobody can guess; nothing is lost or doubled.

A marker, a message of the hub's own, parts the two sessions. The former one has every message up to the marker, for
it was subscribed all the time; the new one has every message behind it, for the marker is published once its
subscriptions are confirmed. What reached both is let go by its place: in the new session before the marker, in the
former one behind it.

What has been done is noted nowhere but on the broker, so after a kill -9 it simply begins again. The marker of the
former session is never acknowledged, and the new session is read only once the former one is ended. Markers of several
attempts count as one: both sides go by the first.

It takes a broker that hands messages to its sessions in one order, as mosquitto does. Where the broker asks the hub
(mqtt.access = "http", EMQX), which has no such order, nothing is let go in the new session: what comes without a time
while the marker is under way may be stored twice, and nothing can be lost.
"""

import logging
import time
from collections.abc import Callable, Sequence
from hashlib import blake2b
from secrets import token_hex

from devices.addressing import handover_topic
from hub.errors import BrokerUnavailable
from hub.settings import Mqtt
from ingest.mqtt.connection import MqttConnection
from ingest.mqtt.frames import Publish
from ingest.mqtt.reader import Intake, SessionReader
from ingest.mqtt.session import Identity

log = logging.getLogger(__name__)

MARKER_S = 10.0
"""How long a marker may take to come back; a broker that does not let the hub publish it drops it without a word."""
NOT_ALLOWED = "the sessions cannot be handed over: the hub's account must be allowed to publish to {}"
DROPPED = (
    "the broker has dropped messages of the session %r, our marker among them, for its queue was full: set "
    "max_queued_messages 0. What it still held is taken"
)
QUIET_S = 5.0
"""A session to which nothing came for so long, a marker included that came back to another one, is not subscribed."""

GoingOn = Callable[[], bool]


class FormerReader(SessionReader):
    """Reads the former session up to the marker, which is not acknowledged; what comes behind it is let go."""

    def __init__(self, settings: Mqtt, session: Identity, topics: Sequence[str], intake: Intake) -> None:
        """`topics` are those that it is subscribed to."""
        name = str(session.former)
        super().__init__(settings, name, name, [], intake, marks=False)
        self.name, self.topics = name, topics
        self._probe, self._marker = _payloads(session)
        self.heard_at = time.monotonic()
        self.subscribed = self.at_marker = False

    def _receive(self, messages: list[Publish]) -> None:
        self.heard_at = time.monotonic()
        if self.at_marker:
            return
        for index, message in enumerate(messages):
            self.subscribed = self.subscribed or message.payload in (self._probe, self._marker)
            if message.payload == self._marker:
                self.at_marker, messages = True, messages[:index]
                break
        super()._receive(messages)


async def hand_over(
    settings: Mqtt, session: Identity, topics: Sequence[str], former: FormerReader, going_on: GoingOn
) -> bool:
    """Read the former session, which is connected, to its end and end it; False once it is not `going_on` any more.

    The new one asks for `topics`, which are of the contract or more.
    What was submitted by then may still be acknowledged, until `former` is closed. BrokerUnavailable or OSError.
    """
    if former.connection.session_present and await _is_subscribed(settings, session, former, going_on):
        log.warning("the session %r of an older version is handed over", former.name)
        await _begin(settings, session, topics)
        former.connection.leave(former.topics)
        while going_on() and not former.at_marker:
            if await _is_empty(former, going_on):
                log.error(DROPPED, former.name)
                break
            await former.step()
        await former.hand_over()
        while going_on() and former.unsettled:
            await former.connection.read()
        log.warning("the session %r is handed over, nothing more is in it", former.name)
    if not going_on():
        return False
    former.close()
    ended = MqttConnection(settings, [], lambda _: None, former.name, clean=True)
    try:
        await ended.open()
    finally:
        ended.close()
    return True


async def _is_subscribed(settings: Mqtt, session: Identity, former: FormerReader, going_on: GoingOn) -> bool:
    """Read the former session until it is known whether messages go there.

    They do not if it was made by asking for it. Then it must not count: what the new session holds is nowhere else.
    """
    probe, _ = _payloads(session)
    await _publish(settings, probe)
    former.heard_at = time.monotonic()
    while going_on() and not former.subscribed:
        if await _is_empty(former, going_on):
            return False
        await former.step()
    return going_on()


async def _is_empty(former: FormerReader, going_on: GoingOn) -> bool:
    """Whether the broker has nothing more for the session: quiet for long, it answers, and nothing came before that.

    Silence alone says nothing: a broker may stand still while it saves.
    """
    if former.unsettled or time.monotonic() - former.heard_at < QUIET_S:
        return False
    heard_at = former.heard_at
    former.connection.ping()
    while going_on() and not former.connection.answered:
        await former.step()
    return going_on() and former.heard_at == heard_at and not former.unsettled


async def _begin(settings: Mqtt, session: Identity, topics: Sequence[str]) -> None:
    """Let the new session begin with the marker: what lies before it has reached the former one, too."""
    _, marker = _payloads(session)
    if settings.access != "http":
        await _Marked(settings, session.client_id, topics, marker).begin()
        return
    subscribed = MqttConnection(settings, topics, lambda _: None, session.client_id)
    try:
        await subscribed.open()
    finally:
        subscribed.close()
    await _publish(settings, marker)


async def _publish(settings: Mqtt, payload: bytes) -> None:
    """Publish to all of the hub's sessions; returns once it has come back on one made for that."""
    await _Marked(settings, f"{settings.client_id}-probe-{token_hex(8)}", [], payload, clean=True).begin()


class _Marked:
    """A session that is read up to its marker."""

    def __init__(
        self, settings: Mqtt, client_id: str, topics: Sequence[str], marker: bytes, *, clean: bool = False
    ) -> None:
        self._topic, self._marker = handover_topic(settings.prefix), marker
        subscriptions = topics or [self._topic]
        self._connection = MqttConnection(settings, subscriptions, self._receive, client_id, clean=clean)
        self._heard_at = time.monotonic()
        self._acknowledged = self._at_marker = False

    async def begin(self) -> None:
        """Subscribe, publish the marker unless one is there, and acknowledge what comes before it."""
        connection = self._connection
        try:
            await connection.connect()
            while not (connection.confirmed or self._at_marker):
                await connection.read()
            if not self._at_marker:
                connection.mark(self._topic, self._marker)
                self._heard_at = time.monotonic()
            while not self._at_marker:
                await connection.read()
                if time.monotonic() - self._heard_at > MARKER_S:
                    raise BrokerUnavailable(NOT_ALLOWED.format(self._topic))
            if self._acknowledged:
                await connection.round_trip()
        finally:
            connection.close()

    def _receive(self, messages: list[Publish]) -> None:
        self._heard_at = time.monotonic()
        if self._at_marker:
            return
        before: list[int] = []
        for message in messages:
            if message.payload == self._marker:
                self._at_marker = True
                break
            if message.packet_id:
                before.append(message.packet_id)
        if before:
            self._connection.acknowledge(before)
            self._acknowledged = True


def _payloads(session: Identity) -> tuple[bytes, bytes]:
    """Payloads of the probe and of the marker, which nobody else can know."""
    secret = blake2b(session.client_id.encode(), digest_size=16).hexdigest().encode()
    return secret + b" probe", secret + b" marker"
