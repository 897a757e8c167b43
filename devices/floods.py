"""Floods: a device whose messages are refused faster than a mistake explains, and what is done about it.

Above the rate its refused messages are counted, without a dead letter; kept up, the flood is stored, which names the
device on the page, in `hub check` and its diagnosis, and disables its accounts at the broker for a while. Good messages
are stored as ever. A restart forgets who is above the rate: a flood that goes on is found again. What the broker kept
while the hub was away comes all at once, and is no flood that is kept up.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.limit_settings import Floods as Limits
from hub.models import Batch, Micros, from_micros
from hub.stage import Connection, Stage
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

BURST_S = 2.0
"""So many seconds of the rate may come at once."""
TOLD_EVERY_S = 5.0
"""How often the row of a flood that goes on is written."""


@dataclass(slots=True)
class Count:
    """Refused messages of one device in a batch."""

    device: str
    allowed: int = field(repr=False)
    """Those that may become dead letters."""
    first: Micros
    last: Micros = 0
    refused: int = 0
    kept: bool = False
    """Whether the broker may have kept some of them while the hub was away."""


class RefusedOf(dict[int, Count]):
    """Of a batch: refused messages by device id."""


@dataclass(slots=True, frozen=True)
class _Rate:
    """A token bucket: what a device may still have refused, and since when it has had too much refused."""

    left: float
    at: Micros
    since: Micros = 0
    """When it began to exceed the rate; 0: it does not."""
    refused: int = 0
    """Since then."""
    told_at: Micros = 0
    """When the flood was stored last; 0: it was not."""


@dataclass(slots=True, frozen=True)
class Flood:
    """A flood as it is stored."""

    device_id: int
    device: str
    rate: _Rate
    new: bool
    """Whether it is stored for the first time."""


@dataclass(slots=True)
class Decided:
    """What a batch makes of the rates, and the floods to be stored."""

    rates: dict[int, _Rate] = field(default_factory=dict, repr=False)
    floods: list[Flood] = field(default_factory=list)


class Floods(Stage):
    """Keeps the rates of refused messages by device, and stores floods."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._per_micro = limits.refused_per_s / 1e6
        self._burst = BURST_S * limits.refused_per_s
        self._rates: dict[int, _Rate] = {}
        """Of devices that have had messages refused lately."""
        self._pruned_at: Micros = 0

    def over(self, now: Micros) -> set[int]:
        """Ids of devices above the rate, as of the last commit."""
        return {id_ for id_, rate in self._rates.items() if rate.since and not self._recovered(rate, now)}

    def refused(self, counts: RefusedOf, id_: int, device: str, received: Micros, kept: bool = False) -> bool:
        """Count a refused message of a batch; returns whether it may become a dead letter."""
        count = counts.get(id_)
        if count is None:
            rate = self._rates.get(id_)
            exceeds = rate is not None and rate.since and not self._recovered(rate, received)
            count = counts[id_] = Count(device, 0 if exceeds else int(self._left(rate, received)), received)
        count.refused += 1
        count.last = received
        count.kept |= kept
        return count.refused <= count.allowed

    def _left(self, rate: _Rate | None, now: Micros) -> float:
        """How many of a device's messages may be refused at a time without exceeding the rate."""
        return self._burst if rate is None else min(self._burst, rate.left + max(0, now - rate.at) * self._per_micro)

    def _recovered(self, rate: _Rate, now: Micros) -> bool:
        """Whether a device has been below the rate for long enough that what follows is not the same flood."""
        return self._left(rate, now) > self._burst / 2

    def steps(self, batch: Batch) -> Iterator[None]:
        """Decide who exceeds the rate, and who has done so for too long."""
        counts = batch.of(RefusedOf)
        if counts:
            decided = Decided()
            for id_, count in counts.items():
                self._decide(id_, count, decided)
            batch.put(decided)
        return iter(())

    def _decide(self, id_: int, count: Count, decided: Decided) -> None:
        before, limits = self._rates.get(id_), self._limits
        left = self._left(before, count.last) - count.refused
        goes_on = before is not None and bool(before.since) and not self._recovered(before, count.first)
        since, refused, told_at = (before.since, before.refused, before.told_at) if before and goes_on else (0, 0, 0)
        if left < 0 or goes_on:
            since, refused = count.last if count.kept else since or count.first, refused + count.refused
        lasting = left < 0 and count.last - since >= limits.kept_up_s * 1e6
        tell = lasting and count.last - told_at >= TOLD_EVERY_S * 1e6
        rate = _Rate(max(left, 0.0), count.last, since, refused, count.last if tell else told_at)
        decided.rates[id_] = rate
        if tell:
            decided.floods.append(Flood(id_, count.device, rate, new=not told_at))

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Store floods that have lasted."""
        if floods := batch.of(Decided).floods:
            values = {
                "devices": [flood.device_id for flood in floods],
                "since": [from_micros(flood.rate.since) for flood in floods],
                "last_at": [from_micros(flood.rate.at) for flood in floods],
                "refused": [flood.rate.refused for flood in floods],
                "disable_s": self._limits.disable_s,
            }
            await conn.execute(SQL.floods, values)

    def adopt(self, batch: Batch) -> None:
        """Take over the rates; those that had time to recover are forgotten."""
        decided = batch.of(Decided)
        if not decided.rates:
            return
        self._rates |= decided.rates
        newest = max(rate.at for rate in decided.rates.values())
        if newest - self._pruned_at > BURST_S * 1e6:
            self._rates = {id_: rate for id_, rate in self._rates.items() if self._left(rate, newest) < self._burst}
            self._pruned_at = newest
        for flood in decided.floods:
            if flood.new:
                log.warning(
                    "device %s floods: %d of its messages were refused in %.0f s",
                    flood.device,
                    flood.rate.refused,
                    (flood.rate.at - flood.rate.since) / 1e6,
                )
