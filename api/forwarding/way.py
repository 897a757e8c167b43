"""Ways by which reports reach their targets."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from api.forwarding.pending import Pending
from api.forwarding.rendering import exported, frame, request
from api.forwarding.superior import Superior, SuperiorError
from hub.errors import TransientError
from hub.words.sentence import Sentence

log = logging.getLogger(__name__)

JSON = (("content-type", b"application/json; charset=utf-8"),)


class Target(NamedTuple):
    """Who is forwarded to; one whose row here changes is connected anew."""

    id: int
    code: str
    kind: str
    host: str | None
    port: int | None
    number: str | None
    station_kind: str | None
    password: str | None
    """As stored."""
    at_once: int


class Interrupted(TransientError):
    """The way ended when some of what was handed over had arrived"""

    def __init__(self, sentence: Sentence, arrived: set[int]) -> None:
        super().__init__(sentence)
        self.sentence, self.arrived = sentence, arrived


class Way(Protocol):
    """An open way to a target."""

    async def deliver(self, reports: Sequence[Pending]) -> set[int]:
        """Hand some over; returns the ids of those that are acknowledged; the others are put off.

        TransientError when nothing is: all are handed over again. Interrupted when the others were not judged.
        May be cancelled.
        """


OpenWay = Callable[[Target], AbstractAsyncContextManager[Way]]
"""Connects to a target; TransientError or PermanentError, in words, when that cannot be done now."""


class Hj212Way:
    """Frames over a connection to a superior platform."""

    def __init__(self, superior: Superior, target: Target, password: str) -> None:
        self._superior, self._target, self._password = superior, target, password

    async def deliver(self, reports: Sequence[Pending]) -> set[int]:
        """See Way; reports of which no frame can be made are not delivered, and hold up no other."""
        frames = self._frames(reports)
        if not frames:
            return set()
        try:
            taken = await self._superior.deliver(frames)
        except SuperiorError as error:
            if arrived := {each.id for each in reports if request(each) in error.taken}:
                raise Interrupted(error.sentence, arrived) from error
            raise
        return {each.id for each in reports if request(each) in taken}

    def _frames(self, reports: Sequence[Pending]) -> dict[str, bytes]:
        """By QN."""
        number, kind, found = self._target.number, self._target.station_kind, dict[str, bytes]()
        for each in reports:
            try:
                found[request(each)] = frame(each, number, kind, self._password)
            except UnicodeError:  # the password, which is that of all
                raise
            except ValueError as error:  # longer than a segment
                log.warning("no frame for %s can be made of a report of %s: %s", self._target.code, each.device, error)
        return found


class MqttWay:
    """JSON to `{base}/{device}`, each with its PUBACK."""

    def __init__(self, publish: Callable[[Sequence[tuple[str, bytes, bool]]], Awaitable[None]], base: str) -> None:
        self._publish, self._base = publish, base

    async def deliver(self, reports: Sequence[Pending]) -> set[int]:
        """See Way."""
        await self._publish([(f"{self._base}/{each.device}", exported(each), False) for each in reports])
        return {each.id for each in reports}


class KafkaWay:
    """JSON in a topic, keyed by the device, once all replicas have it."""

    def __init__(
        self, append: Callable[[Sequence[tuple[bytes, bytes, Sequence[tuple[str, bytes]]]]], Awaitable[None]]
    ) -> None:
        self._append = append

    async def deliver(self, reports: Sequence[Pending]) -> set[int]:
        """See Way."""
        await self._append([(each.device.encode(), exported(each), JSON) for each in reports])
        return {each.id for each in reports}
