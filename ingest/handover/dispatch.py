"""Dispatches messages to worker processes by device, so that each device's messages stay in order."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from zlib import crc32

from devices.addressing import MAX_ORIGINS
from hub.models import GANZHI, HUB, DeadLetter, Delivery, KeyOf, Outcome, Raw, bytes_of, unknown_key
from hub.pipeline import Limits
from hub.telemetry import Counters
from ingest.handover.blocks import Answer, Mark, Totals
from ingest.handover.link import Link

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Entrusted:
    """A delivery split among workers."""

    delivery: Delivery
    parts: int = 0
    """How many are not answered."""
    refused: dict[int, DeadLetter] = field(default_factory=dict)
    repeated: set[int] = field(default_factory=set)
    conflicting: set[int] = field(default_factory=set)

    def outcome(self) -> Outcome:
        """Once all parts are answered."""
        return Outcome(self.refused, False, frozenset(self.repeated), frozenset(self.conflicting))


def worker_of(key: str, workers: int) -> int:
    """The number, from 1, of the worker that has a device (its code), or an address without one."""
    return crc32(key.encode("utf-8", "replace")) % workers + 1


class Dispatcher:
    """A sink that delegates commits to workers; a delivery is settled once all its parts are committed.

    Bounded by the same limits as a pipeline, over all workers: while one is away its messages wait here, and when
    the limit is reached nothing more is read. Deliveries with tokens are settled in the order of their submission,
    for MQTT wants its acknowledgements in order.
    """

    def __init__(
        self, sockets: Sequence[Path], counters: Counters, limits: Limits, key_of: KeyOf = unknown_key
    ) -> None:
        """`sockets` belong to worker 1, 2, ...; `counters` receives the sums over all workers.

        `key_of` tells the devices of addresses, so that each device has one worker by whatever it is called.
        """
        self._counters, self._limits, self._key_of = counters, limits, key_of
        self.links = [
            Link(f"worker {n}", path, partial(self._answered, n - 1), self._counted)
            for n, path in enumerate(sockets, 1)
        ]
        self._owners: dict[str, int] = {}
        self._entrusted: dict[tuple[int, int], tuple[_Entrusted, list[int]]] = {}
        """By worker and block number: the delivery, and the indices of its messages that are in the block."""
        self._in_order: deque[_Entrusted] = deque()
        self._messages = self._bytes = self._unsettled = 0
        self._room = asyncio.Event()
        self._room.set()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def full(self) -> bool:
        """Whether a further delivery would have to wait."""
        return not self._room.is_set()

    async def submit(self, delivery: Delivery) -> None:
        """Submit a delivery; waits while too many messages are in flight."""
        while not self._room.is_set():
            await self._room.wait()
        self._account(delivery, 1)
        entrusted = _Entrusted(delivery)
        if _ordered(delivery):
            self._in_order.append(entrusted)
        for owner, indices in self._divided(delivery.raws).items():
            entrusted.parts += 1
            number = self.links[owner].send([delivery.raws[index] for index in indices])
            self._entrusted[owner, number] = entrusted, indices
        if not entrusted.parts:
            await self._finish(entrusted)

    async def drained(self) -> None:
        """Wait until everything submitted is settled."""
        await self._idle.wait()

    def owner(self, raw: Raw) -> int:
        """The worker responsible for a message's device; messages without a device are assigned by address."""
        origin = raw.origin
        if origin.protocol not in (GANZHI, HUB):  # not remembered: an address may become another device's
            return worker_of(self._key_of(origin) or origin.device or origin.address, len(self.links)) - 1
        key = origin.device or origin.address
        if len(self._owners) >= MAX_ORIGINS:
            self._owners.clear()
        found = self._owners[key] = worker_of(key, len(self.links)) - 1
        return found

    def tell(self, mark: Mark) -> None:
        """Tell all workers how far everything is received; it goes behind what was submitted."""
        for link in self.links:
            link.tell(mark)

    def _divided(self, raws: Sequence[Raw]) -> dict[int, list[int]]:
        """Message indices by worker, in order."""
        parts: dict[int, list[int]] = {}
        owners = self._owners
        for index, raw in enumerate(raws):
            owner = owners.get(raw.origin.device)
            if owner is None:
                owner = self.owner(raw)
            parts.setdefault(owner, []).append(index)
        return parts

    async def _answered(self, worker: int, answer: Answer) -> None:
        entrusted, indices = self._entrusted.pop((worker, answer.number))
        raws = entrusted.delivery.raws
        for at, refusal in answer.refused.items():
            raw = raws[indices[at]] if refusal.kept else raws[indices[at]]._replace(payload=b"")
            letter = DeadLetter(refusal.id, raw, refusal.reason, refusal.detail, refusal.device, refusal.at)
            entrusted.refused[indices[at]] = letter
        entrusted.repeated |= {indices[at] for at in answer.repeated}
        entrusted.conflicting |= {indices[at] for at in answer.conflicting}
        entrusted.parts -= 1
        if not entrusted.parts:
            await self._finish(entrusted)

    async def _finish(self, entrusted: _Entrusted) -> None:
        if not _ordered(entrusted.delivery):
            await self._settle(entrusted)
        while self._in_order and not self._in_order[0].parts:
            await self._settle(self._in_order.popleft())

    async def _settle(self, entrusted: _Entrusted) -> None:
        try:
            await entrusted.delivery.settle(entrusted.outcome())
        except Exception:
            log.exception("a source failed to settle a committed delivery")
        finally:
            self._account(entrusted.delivery, -1)

    def _account(self, delivery: Delivery, sign: int) -> None:
        self._unsettled += sign
        self._messages += sign * len(delivery.raws)
        self._bytes += sign * bytes_of(delivery.raws)
        limits = self._limits
        _set(self._room, self._messages < limits.waiting_messages and self._bytes < limits.waiting_bytes)
        _set(self._idle, not self._unsettled)

    def _counted(self, more: Totals) -> None:
        counters = self._counters
        for name, value in more._asdict().items():
            setattr(counters, name, getattr(counters, name) + value)
        counters.devices_known = min(link.devices_known for link in self.links)


def _ordered(delivery: Delivery) -> bool:
    return bool(delivery.raws) and bool(delivery.raws[-1].token)


def _set(event: asyncio.Event, value: bool) -> None:
    if value:
        event.set()
    else:
        event.clear()
