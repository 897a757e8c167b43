"""How lines and slaves do, for people: kept while they are polled, and stored from time to time."""

from collections import Counter
from dataclasses import dataclass, field

from psycopg.types.json import Jsonb

from devices.codecs.modbus.requests import exception_of
from hub.errors import StoreUnavailable
from hub.models import Micros, from_micros
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from ingest.polling.line import Outcome

SQL = statements(__name__)


@dataclass(slots=True)
class Standing:
    """Of one slave, or of the line as a whole."""

    device: int
    line: int
    address: str
    connected_at: Micros
    ended_at: Micros | None = None
    asked: int = 0
    answered: int = 0
    complaints: Counter[str] = field(default_factory=Counter)
    complaint: str | None = None
    silent_since: Micros | None = None
    exception: int | None = None
    registers: str | None = None
    changed: bool = True

    def note(self, outcome: Outcome, now: Micros, own: bool) -> None:
        """What became of one more request; `own`: of the slave itself, not of another one on the line."""
        self.changed = True
        self.asked += outcome.tries
        self.complaints.update(outcome.complaints)
        if outcome.answer is None:
            self.complaint = outcome.complaints[-1] if outcome.complaints else "silent"
            self.silent_since = self.silent_since or now
            return
        self.answered += 1
        self.complaint = self.silent_since = None
        code = exception_of(outcome.request, outcome.answer)
        if outcome.block is None or not own:
            return
        if code is not None:
            self.exception, self.registers = code, registers_of(outcome)
        elif outcome.cleared or self.registers == registers_of(outcome):
            self.exception = self.registers = None


def registers_of(outcome: Outcome) -> str:
    """What a request asked for, as function:first-last; empty for a meter, and for a command."""
    block = outcome.block
    return "" if block is None else f"{block.function}:{block.address}-{block.address + block.size - 1}"


class Standings:
    """Of all lines of a process."""

    def __init__(self) -> None:
        self._of: dict[int, Standing] = {}
        self._refused: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._of)

    def refuses(self, device: int) -> bool:
        """Whether a device, by its id, refused registers when it was last asked."""
        standing = self._of.get(device)
        return standing.exception is not None if standing is not None else device in self._refused

    def connected(self, line: int, peer: str, now: Micros) -> None:
        """A line has connected: everything on it is counted anew."""
        for standing in [each for each in self._of.values() if each.line == line]:
            self._of[standing.device] = Standing(standing.device, line, standing.address, now)
            self._of[standing.device].exception = standing.exception
            self._of[standing.device].registers = standing.registers
        self._of[line] = self._of.get(line) or Standing(line, line, peer, now)
        self._of[line].address = peer

    def ended(self, line: int, now: Micros) -> None:
        """A line has gone."""
        if (standing := self._of.get(line)) is not None:
            standing.ended_at, standing.changed = now, True

    def note(self, device: int, line: int, outcome: Outcome, now: Micros) -> None:
        """What became of one more request."""
        known = self._of.get(line)
        since = now if known is None else known.connected_at
        if device != line and known is not None:
            known.note(outcome, now, own=False)
        own = self._of.get(device)
        if own is None or own.line != line:
            own = self._of[device] = Standing(device, line, outcome.slave.address, since)
            own.registers = self._refused.pop(device, None)
        own.note(outcome, now, own=True)

    async def load(self, pool: Pool) -> None:
        """Read what was known before this process. Raises StoreUnavailable."""
        with sorted_errors():
            async with pool.connection() as conn:
                rows = await (await conn.execute(SQL.refusing)).fetchall()
        self._refused = dict(rows)

    async def store(self, pool: Pool) -> None:
        """Store what has changed; StoreUnavailable: it is stored the next time."""
        changed = [standing for standing in self._of.values() if standing.changed]
        for standing in changed:
            standing.changed = False
        try:
            await store(pool, changed)
        except StoreUnavailable:
            for standing in changed:
                standing.changed = True
            raise


async def store(pool: Pool, standings: list[Standing]) -> None:
    """Store them; StoreUnavailable: they are stored later."""
    if not standings:
        return
    values = {
        "device": [each.device for each in standings],
        "line": [each.line for each in standings],
        "address": [each.address for each in standings],
        "connected_at": [from_micros(each.connected_at) for each in standings],
        "ended_at": [None if each.ended_at is None else from_micros(each.ended_at) for each in standings],
        "asked": [each.asked for each in standings],
        "answered": [each.answered for each in standings],
        "complaints": [Jsonb(dict(each.complaints)) for each in standings],
        "complaint": [each.complaint for each in standings],
        "silent_since": [None if each.silent_since is None else from_micros(each.silent_since) for each in standings],
        "exception": [each.exception for each in standings],
        "registers": [each.registers for each in standings],
    }
    with sorted_errors():
        async with pool.connection() as conn:
            await conn.execute(SQL.put, values)
