"""Who sends through a subscription: noted in the commit of what it sent, known here or not.

What is unknown is a sender that waits: it is listed, its messages are dead letters, and both are over once it is
accepted. What was acknowledged is kept until then, however many come in a minute: of each subscription so many letters
as `Room` says. Beyond that the newest of a device displace its oldest, so that what each said last is there; of devices
that are heard then for the first time as many are kept as of other dead letters.
"""

import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from devices.addressing import PUSHED
from devices.codecs.carriers import aliyun, ctwing, iotda, onenet, tencent
from hub.errors import DecodeError
from hub.models import Batch, Micros, Raw, from_micros
from hub.stage import Connection, Stage
from hub.store.dead_letter_stage import DEAD_LETTER_BYTES, REPLAY, Kept
from hub.store.statements import statements

SQL = statements(__name__)

REMEMBERED = 1_000_000
"""Senders that are remembered to be noted; protects memory from a platform that invents devices."""
MOST = 50_000
"""Senders of a subscription that wait; of more no note is made."""
_MESSAGES = {each.__name__.rpartition(".")[2]: each.messages for each in (aliyun, ctwing, iotda, onenet, tencent)}


class Sender(NamedTuple):
    """A device as a platform knows it."""

    imei: str | None
    product: str | None
    heard: Micros
    waits: bool
    """Whether what it sent was refused because nobody knows it."""


class Room(NamedTuple):
    """What waits of a subscription: the most that is kept, or what is there."""

    letters: int = 200_000
    size: int = 256 << 20
    """Bytes of their messages."""

    def is_full(self, most: "Room") -> bool:
        return self.letters >= most.letters or self.size >= most.size

    def and_one(self, raw: Raw) -> "Room":
        return Room(self.letters + 1, self.size + min(len(raw.payload), DEAD_LETTER_BYTES))


EMPTY, MOST_KEPT = Room(0, 0), Room()
COUNTED_EVERY_S = 10.0
"""Between two looks at what all processes have kept: so long each adds to it unseen by the others."""


class SendersOf(dict[tuple[str, str], Sender]):
    """By subscription and address: those of a batch that are to be noted."""


class _Waiting(dict[str, Room]):
    """By subscription: what waits of it once the batch is committed."""


class _Displacing(Counter[tuple[str, str]]):
    """By subscription and address: so many letters are new, for which as many of its oldest go."""


class Senders(Stage):
    """Notes senders once, and those that wait whenever they are heard."""

    def __init__(self, most: Room = MOST_KEPT) -> None:
        """`most` is kept of each subscription."""
        self._most = most
        self._noted: set[tuple[str, str]] = set()
        self._waiting: dict[str, Room] = {}
        self._counted_at = -COUNTED_EVERY_S

    async def restore(self, conn: Connection) -> None:
        """Count what waits."""
        await self._count(conn)

    async def _count(self, conn: Connection) -> None:
        found = await (await conn.execute(SQL.waiting)).fetchall()
        self._waiting = {code: Room(letters, size) for code, letters, size in found}
        self._counted_at = time.monotonic()

    def steps(self, batch: Batch) -> Iterator[None]:
        """Find the senders of a batch that are to be noted, and which of its letters are kept."""
        found, kept = batch.of(SendersOf), (Kept(), _Waiting(), _Displacing())
        for index, raw in enumerate(batch.raws):
            if raw.origin.transport != PUSHED or not raw.origin.device or raw.source.startswith(REPLAY):
                continue
            subscription, _, _, address = raw.origin.address.split("/", 3)
            letter = batch.refused.get(index)
            waits = letter is not None and letter.reason == "unknown_device"
            who = subscription, address
            if waits:
                self._keep(index, raw, who, *kept)
            if waits or who not in self._noted:
                before = found.get(who)
                told = _told(raw) if before is None or before.imei is None else (before.imei, before.product)
                found[who] = Sender(*told, raw.received, waits or (before is not None and before.waits))
        for fact in kept:
            if fact:
                batch.put(fact)
        return iter(())

    def _keep(
        self, index: int, raw: Raw, who: tuple[str, str], kept: Kept, waiting: _Waiting, displacing: _Displacing
    ) -> None:
        room = waiting.get(who[0]) or self._waiting.get(who[0], EMPTY)
        if not room.is_full(self._most):
            waiting[who[0]] = room.and_one(raw)
        elif who in self._noted:
            displacing[who] += 1
        else:
            return
        kept.add(index)

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Write them, in one order: two writers do not deadlock."""
        found = sorted(batch.of(SendersOf).items())
        if not found:
            return
        values = {
            "subscription": [who[0] for who, _ in found],
            "address": [who[1] for who, _ in found],
            "imei": [sender.imei for _, sender in found],
            "product": [sender.product for _, sender in found],
            "heard_at": [from_micros(sender.heard) for _, sender in found],
            "waits": [sender.waits for _, sender in found],
            "most": MOST,
        }
        await conn.execute(SQL.note, values)
        if displacing := sorted(batch.of(_Displacing).items()):
            counts = {
                "subscription": [who[0] for who, _ in displacing],
                "address": [who[1] for who, _ in displacing],
                "new": [count for _, count in displacing],
            }
            gone = (await conn.execute(SQL.displace, counts)).rowcount
            batch.of(Kept).displaced = {("unknown_device", PUSHED): gone}
        if batch.of(_Waiting) and time.monotonic() - self._counted_at > COUNTED_EVERY_S:
            await self._count(conn)

    def adopt(self, batch: Batch) -> None:
        """Remember who is noted, and what waits."""
        self._waiting |= batch.of(_Waiting)
        found = batch.of(SendersOf)
        if len(self._noted) + len(found) > REMEMBERED:
            self._noted.clear()
        self._noted.update(found)


def _told(raw: Raw) -> tuple[str | None, str | None]:
    """IMEI and product, where a message tells them."""
    try:
        sent = _MESSAGES[raw.origin.protocol](raw.payload)[0]
    except (DecodeError, IndexError, KeyError):  # networks of LoRaWAN tell neither
        return None, None
    return sent.imei, None if sent.product is None else sent.product[:128]
