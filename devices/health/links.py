"""How networks receive devices: signal, what is missing of their frames, battery. One row a device, for diagnosis."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from devices.codecs.inner import Link
from hub.models import Batch, Micros, from_micros, to_micros
from hub.stage import Connection, Stage
from hub.store.statements import statements

SQL = statements(__name__)


class HeardLinks(list[tuple[int, Micros, Link]]):
    """Of a batch, in order of arrival: device id, when the network received it, and how."""


@dataclass(slots=True, frozen=True)
class State:
    """Of one device, by all that is committed."""

    at: Micros = 0
    session: str | None = None
    counter: int | None = None
    received: int = 0
    missed: int = 0
    resets: int = 0
    repeats: int = 0
    rssi: float | None = None
    snr: float | None = None
    gateway: str | None = None
    gateways: int | None = None
    battery: float | None = None
    margin: float | None = None
    external_power: bool | None = None
    told_at: Micros | None = None
    note: str | None = None
    note_at: Micros | None = None

    def after(self, at: Micros, link: Link) -> "State":
        """With what a message tells; one that is not newer than those before it was counted already, or came late."""
        if at <= self.at:
            return self
        state = replace(self, at=at)
        if link.battery is not None or link.margin is not None:
            state = replace(
                state, battery=link.battery, margin=self.margin if link.margin is None else link.margin,
                external_power=link.external_power, told_at=at,
            )  # fmt: skip
        if link.note is not None:
            state = replace(state, note=link.note, note_at=at)
        if link.counter is None:
            # A join: the counter of the next frame begins anew.
            return state if link.session is None else replace(state, session=link.session, counter=None)
        return state._counted(link)

    def _counted(self, link: Link) -> "State":
        missed = resets = repeats = 0
        if self.counter is not None and link.counter is not None and link.session == self.session:
            missed = max(link.counter - self.counter - 1, 0)
            resets, repeats = int(link.counter < self.counter), int(link.counter == self.counter)
        return replace(
            self, session=link.session, counter=link.counter, received=self.received + 1, missed=self.missed + missed,
            resets=self.resets + resets, repeats=self.repeats + repeats, rssi=link.rssi, snr=link.snr,
            gateway=link.gateway, gateways=link.gateways,
        )  # fmt: skip


class _Changed(dict[int, State]):
    """By device id."""


_TIMES = ("at", "told_at", "note_at")
_COLUMNS = tuple(State.__dataclass_fields__)


def _state(told: Sequence[Any]) -> State:
    """Of a row of `links` behind its device."""
    named = zip(_COLUMNS, told, strict=True)
    values: dict[str, Any] = {
        name: to_micros(value) if name in _TIMES and value is not None else value for name, value in named
    }
    return State(**values)


class Links(Stage):
    """Counts frames by their counters and keeps what was told last."""

    def __init__(self) -> None:
        self._states: dict[int, State] = {}

    async def restore(self, conn: Connection) -> None:
        """Read what is committed."""
        rows = await (await conn.execute(SQL.links)).fetchall()
        self._states = {id_: _state(told) for id_, *told in rows}

    def steps(self, batch: Batch) -> Iterator[None]:
        """Find what changes."""
        changed = _Changed()
        for id_, at, link in batch.of(HeardLinks):
            before = changed.get(id_) or self._states.get(id_) or State()
            changed[id_] = before.after(at, link)
        batch.put(changed)
        yield

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Store it."""
        if changed := sorted(batch.of(_Changed).items()):  # one order: two writers do not deadlock
            values: dict[str, list[object]] = {"device_id": [id_ for id_, _ in changed]}
            for name in _COLUMNS:
                told = [getattr(state, name) for _, state in changed]
                values[name] = [value if value is None or name not in _TIMES else from_micros(value) for value in told]
            await conn.execute(SQL.link_put, values)

    def adopt(self, batch: Batch) -> None:
        """Remember it."""
        self._states |= batch.of(_Changed)
