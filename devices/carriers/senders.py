"""Who sends through a subscription: noted in the commit of what it sent, known here or not.

What is unknown is a sender that waits: it is listed, its messages are dead letters, and both are over once it is
accepted.
"""

from collections.abc import Iterator
from typing import NamedTuple

from devices.addressing import PUSHED
from devices.codecs.carriers import aliyun, ctwing, iotda, onenet, tencent
from hub.errors import DecodeError
from hub.models import Batch, Micros, Raw, from_micros
from hub.stage import Connection, Stage
from hub.store.dead_letter_stage import REPLAY
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


class SendersOf(dict[tuple[str, str], Sender]):
    """By subscription and address: those of a batch that are to be noted."""


class Senders(Stage):
    """Notes senders once, and those that wait whenever they are heard."""

    def __init__(self) -> None:
        self._noted: set[tuple[str, str]] = set()

    def steps(self, batch: Batch) -> Iterator[None]:
        """Find the senders of a batch that are to be noted."""
        found = batch.of(SendersOf)
        for index, raw in enumerate(batch.raws):
            if raw.origin.transport != PUSHED or not raw.origin.device or raw.source.startswith(REPLAY):
                continue
            subscription, _, _, address = raw.origin.address.split("/", 3)
            letter = batch.refused.get(index)
            waits = letter is not None and letter.reason == "unknown_device"
            who = subscription, address
            if waits or who not in self._noted:
                before = found.get(who)
                told = _told(raw) if before is None or before.imei is None else (before.imei, before.product)
                found[who] = Sender(*told, raw.received, waits or (before is not None and before.waits))
        return iter(())

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

    def adopt(self, batch: Batch) -> None:
        """Remember who is noted."""
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
