"""A line behind a DTU, with slaves that are asked in turn, one request at a time. Pure: its clock is passed in.

Whoever has the connection calls `turn` when `due` says so and sends what it gives, and hands to `take` what comes. What
became of each request is taken from `outcomes`.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from devices.codecs.modbus.plan import Block
from devices.codecs.modbus.polling import Polling
from devices.codecs.modbus.requests import Request, exception_of, read, read_meter
from hub.models import Micros
from ingest.polling.answer import Complaint, begun, complaint, find, stripped
from ingest.polling.schedule import missed, next_slot, phase

SECOND = 1_000_000
LATE = 10 * SECOND
"""How long after its time an answer may still come: until then nothing is asked that it could be taken for."""
PAUSE = 20_000
"""Between answer and next request: slaves hear the end of a frame by a silence of 3.5 characters (4 ms at 9600)."""
FIRST = 10 * SECOND
"""Within which slaves of a line that has just connected are asked for the first time."""
LONGEST_BACKOFF = 600 * SECOND
"""How long a slave that does not answer is left alone at most, unless its interval is longer."""
MOST_HEARD = 1_024
"""Bytes kept while an answer is waited for: a stream of nonsense must not fill the memory."""
MOST_ORDERS = 16
"""Commands that wait for a line; a further one is refused."""


@dataclass(slots=True, eq=False)
class Slave:
    """A device on a line."""

    device: str
    """Its code."""
    address: str
    """On the line: 1 to 247, or the 14 digits of a meter."""
    polling: Polling
    silent: int = 0
    """How many times in a row it did not answer."""
    refused: set[int] = field(default_factory=set)
    """Blocks, by their place in the polling, that it answers with an exception."""


@dataclass(slots=True, eq=False)
class Order:
    """A command that waits for its turn."""

    slave: Slave
    request: Request
    line: object = None
    """Whose it is."""


@dataclass(slots=True, eq=False)
class Job:
    """What is asked again and again: a block of a slave."""

    slave: Slave
    number: int
    """Of the block; 0 of a meter."""
    block: Block | None
    every: Micros
    offset: Micros
    due: Micros


class Outcome(NamedTuple):
    """What became of a request."""

    slave: Slave
    block: Block | None
    order: Order | None
    request: Request
    answer: bytes | None
    """None: it did not come."""
    at: Micros
    """When it came, or was given up."""
    tries: int
    complaints: tuple[Complaint, ...] = ()
    """What was wrong with each try that failed."""
    cleared: bool = False
    """Whether the slave refused something before, and refuses nothing any more."""
    took: Micros = 0
    """From the last try to the answer."""


@dataclass(slots=True)
class Counts:
    """What a line has seen since it connected."""

    asked: int = 0
    answered: int = 0
    late: int = 0
    heartbeats: int = 0
    stray: int = 0
    """Bytes that belonged to nothing."""
    skipped: int = 0
    """Slots that were missed."""


class _Pending(NamedTuple):
    """The request that is out."""

    job: Job | Order
    request: Request
    until: Micros
    tries: int
    complaints: tuple[Complaint, ...]


class Line:
    """The slaves of a connection."""

    def __init__(self, slaves: Iterable[Slave], tokens: Sequence[bytes], now: Micros) -> None:
        """`tokens`: heartbeats of the DTU, which may stand anywhere in what comes."""
        self.slaves: dict[str, Slave] = {}
        self.counts = Counts()
        self.outcomes: deque[Outcome] = deque()
        self.heard_at = now
        self._tokens = tuple(sorted({token for token in tokens if token}, key=len, reverse=True))
        self._jobs: list[Job] = []
        self._orders: deque[Order] = deque()
        self._pending: _Pending | None = None
        self._owed: list[tuple[Request, Micros]] = []
        """Requests whose answers may still come, until when."""
        self._heard = b""
        self._free_at = now
        """When the next request may be sent."""
        self._clear_at = now
        """When the next request of a job may be sent: until then answers may come that it would be mistaken for."""
        self._transaction = 0
        self.assign(slaves, now)

    def assign(self, slaves: Iterable[Slave], now: Micros) -> None:
        """Poll these slaves from now on; one that is there already as before goes on as it did."""
        wanted = {slave.device: slave for slave in slaves}
        kept = {
            code: known
            for code, known in self.slaves.items()
            if code in wanted and (known.address, known.polling) == (wanted[code].address, wanted[code].polling)
        }
        self._jobs = [job for job in self._jobs if kept.get(job.slave.device) is job.slave]
        self.slaves = {code: kept.get(code, slave) for code, slave in wanted.items()}
        for code, slave in self.slaves.items():
            if code not in kept:
                self._jobs += _jobs(slave, now)

    def order(self, order: Order) -> bool:
        """Queue a command, before anything that is polled; False when too many wait."""
        if len(self._orders) >= MOST_ORDERS:
            return False
        self._orders.append(order)
        return True

    def cancel(self, order: Order) -> None:
        """Forget a command that has not been sent yet."""
        if order in self._orders:
            self._orders.remove(order)

    def due(self) -> Micros | None:
        """When `turn` is to be called; None: there is nothing to do."""
        if self._pending is not None:
            return self._pending.until
        if self._orders:
            return self._free_at
        return max(min(job.due for job in self._jobs), self._free_at, self._clear_at) if self._jobs else None

    def turn(self, now: Micros) -> bytes | None:
        """What is to be sent now."""
        if self._pending is not None:
            if now < self._pending.until:
                return None
            return self._give_up(self._pending, now)
        if now < self._free_at:
            return None
        self._owed = [(request, until) for request, until in self._owed if now < until]
        return self._begin(now)

    def hold(self, now: Micros) -> None:
        """Ask nothing for a second: what was read cannot be stored at the moment."""
        self._free_at = max(self._free_at, now + SECOND)

    def take(self, data: bytes, now: Micros) -> None:
        """Take what came."""
        self.heard_at = now
        self._heard += data
        if self._pending is not None:
            found = find(self._heard, self._pending.request, self._tokens)
            if found is not None:
                self._heard = b""
                self._drop(found.before)
                self._answered(self._pending, found.answer, now)
                self._heard = self._drop(found.behind)
            else:
                self._heard = self._heard[-MOST_HEARD:]
        else:
            self._heard = self._drop(self._heard)

    def _begin(self, now: Micros) -> bytes | None:
        """Send the first request that may be sent."""
        if self._orders:
            order = self._orders.popleft()
            return self._send(order, order.request, now, 1, ())
        for job in sorted(self._jobs, key=lambda job: job.due):
            if job.due > now:
                break
            request = self._request(job)
            if any(owed.may_be_taken_for(request) for owed, _ in self._owed):
                continue
            return self._send(job, request, now, 1, ())
        if self._owed and any(job.due <= now for job in self._jobs):
            self._clear_at = min(until for _, until in self._owed)
        return None

    def _request(self, job: Job) -> Request:
        self._transaction = (self._transaction + 1) & 0xFFFF
        slave, block = job.slave, job.block
        if block is None:
            return read_meter(slave.address, self._transaction)
        unit = int(slave.address)
        return read(slave.polling.framing, unit, block.function, block.address, block.size, self._transaction)

    def _send(
        self, job: Job | Order, request: Request, now: Micros, tries: int, complaints: tuple[Complaint, ...]
    ) -> bytes:
        self._heard = begun(self._heard, self._tokens)
        self.counts.asked += 1
        self._pending = _Pending(job, request, now + job.slave.polling.timeout, tries, complaints)
        return request.octets

    def _answered(self, pending: _Pending, answer: bytes, now: Micros) -> None:
        job, request = pending.job, pending.request
        self._pending, self._free_at = None, now + PAUSE
        self.counts.answered += 1
        if pending.tries > 1:  # the answers to the tries before may still come
            self._owed += [(request, now + LATE)] * (pending.tries - 1)
        slave, cleared = job.slave, False
        slave.silent = 0
        if isinstance(job, Job):
            if exception_of(request, answer) is not None:
                slave.refused.add(job.number)
            elif job.number in slave.refused:
                slave.refused.discard(job.number)
                cleared = not slave.refused
            self._plan(job, now)
        self._tell(pending, answer, now, pending.complaints, cleared)

    def _give_up(self, pending: _Pending, now: Micros) -> bytes | None:
        """Try again, or leave the slave alone for a while."""
        job, slave = pending.job, pending.job.slave
        complaints = (*pending.complaints, complaint(self._heard, pending.request, self._tokens))
        self._pending, self._heard = None, self._drop(self._heard)
        tries = 0 if slave.silent or isinstance(job, Order) else slave.polling.retries  # a command is sent once
        if pending.tries <= tries:
            return self._send(job, pending.request, now, pending.tries + 1, complaints)
        self._owed += [(pending.request, now + LATE)] * pending.tries
        self._free_at = now + PAUSE
        if isinstance(job, Job):
            slave.silent += 1
            for other in self._jobs:
                if other.slave is slave:
                    self._plan(other, now)
        self._tell(pending, None, now, complaints, False)
        return None

    def _tell(
        self, pending: _Pending, answer: bytes | None, now: Micros, complaints: tuple[Complaint, ...], cleared: bool
    ) -> None:
        job = pending.job
        block, order = (None, job) if isinstance(job, Order) else (job.block, None)
        took = now - pending.until + job.slave.polling.timeout
        about = job.slave, block, order, pending.request, answer, now, pending.tries, complaints, cleared, took
        self.outcomes.append(Outcome(*about))

    def _plan(self, job: Job, now: Micros) -> None:
        """Its next slot: what was missed is skipped, and a slave that is silent is asked less and less often."""
        self.counts.skipped += missed(job.due, now, job.every)
        after = now
        if job.slave.silent > 1:
            longest = max(LONGEST_BACKOFF, job.every)
            after += min(job.every << min(job.slave.silent - 1, 16), longest) - job.every
        job.due = next_slot(after, job.every, job.offset)

    def _drop(self, heard: bytes) -> bytes:
        """Count what belongs to nothing that is out; returns what may be the beginning of a heartbeat."""
        rest, heartbeats = stripped(heard, self._tokens)
        self.counts.heartbeats += heartbeats
        for place, (request, _) in enumerate(self._owed):
            found = find(rest, request, ()) if rest else None
            if found is not None:
                del self._owed[place]
                self.counts.late += 1
                return self._drop(found.before + found.behind)
        kept = begun(rest, self._tokens)
        self.counts.stray += len(rest) - len(kept)
        return kept


def _jobs(slave: Slave, now: Micros) -> list[Job]:
    """What a slave is asked: first soon, then in its own slots."""
    jobs = []
    for number, block in enumerate(slave.polling.blocks or (None,)):
        every = int((slave.polling.every_s if block is None else block.every_s) * SECOND)
        offset = phase(f"{slave.device}/{number}", every)
        soon = now + phase(f"{slave.device}/{number}", min(every, FIRST))
        jobs.append(Job(slave, number, block, every, offset, min(soon, next_slot(now, every, offset))))
    return jobs
