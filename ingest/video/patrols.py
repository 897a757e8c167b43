"""The patrol as the store has it: whose turn it is, how each was found, and since when a round goes on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from psycopg.types.json import Jsonb

from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from hub.words.sentence import written
from ingest.cameras.connections import Wanted
from ingest.cameras.following import LOGIN_S
from ingest.video.visits import Visit

SQL = statements(__name__)


class Turn(NamedTuple):
    """A camera whose turn it is."""

    wanted: Wanted
    place: bytes
    """What is remembered of its place; empty: nothing."""
    faults: frozenset[str]
    """What was told of it, and is not over."""


class Round(NamedTuple):
    """A round that goes on, or is over."""

    began: datetime
    ended: datetime | None


class Patrols:
    """Reads and writes it. StoreUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def round(self) -> Round | None:
        """The newest one."""
        rows = await self._rows(SQL.round)
        return Round(*rows[0]) if rows else None

    async def begin(self) -> Round:
        """Another one."""
        return Round((await self._rows(SQL.begin))[0][0], None)

    async def end(self, round_: Round, cameras: int) -> None:
        """It is over, with so many cameras since this process went on with it."""
        await self._run(SQL.end, {"began": round_.began, "cameras": cameras})

    async def due(self, round_: Round) -> list[Turn]:
        """Whose turn it still is."""
        rows = await self._rows(SQL.due, {"began": round_.began, "rest_s": LOGIN_S})
        return [
            Turn(Wanted(device, kind, url, login, at, (), device), place or b"", frozenset(faults))
            for device, kind, url, login, at, place, faults in rows
        ]

    async def telling(self, device: str, messages: Sequence[str], faults: frozenset[str]) -> None:
        """What is about to be told of a camera: after a restart it is told again, as it is."""
        await self._run(SQL.telling, {"device": device, "telling": list(messages), "faults": sorted(faults)})

    async def told(self, device: str) -> None:
        """It is stored."""
        await self._run(SQL.told, {"device": device})

    async def visited(self, turn: Turn, visit: Visit) -> None:
        """How a camera was found."""
        failure, shown = visit.failure, visit.shown
        result = "failed" if shown is None else "faults" if visit.faults else "fine"
        figures: dict[str, object] = {"source": "patrol", "result": result, "seconds": round(visit.seconds, 1)}
        if shown is not None:
            figures |= {"faults": visit.faults, "cpu_s": round(shown.cpu_s, 3)}
        values = {
            "device": turn.wanted.device, "changed_at": turn.wanted.changed_at, "result": result,
            "refused": failure is not None and failure.step == "login",
            "place": None if shown is None else shown.reference, "state": "down" if shown is None else "up",
            "error": None if failure is None else str(failure.why),
            "words": None if failure is None else Jsonb(written(failure.why)), "figures": Jsonb(figures),
        }  # fmt: skip
        await self._run(SQL.visited, values)

    async def unfinished(self) -> list[tuple[str, list[str]]]:
        """Devices with messages that may not be stored."""
        return [(device, list(told)) for device, told in await self._rows(SQL.unfinished)]

    async def gone(self) -> list[tuple[str, frozenset[str]]]:
        """Devices that are visited no more, with what was told of them and is not over."""
        return [(device, frozenset(faults)) for device, faults in await self._rows(SQL.gone)]

    async def forget(self, device: str) -> None:
        """A device that is visited no more."""
        await self._run(SQL.forget, {"device": device})

    async def _rows(self, statement: LiteralString, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        with sorted_errors():
            async with self._pool.connection() as conn:
                return await (await conn.execute(statement, values)).fetchall()

    async def _run(self, statement: LiteralString, values: dict[str, Any]) -> None:
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(statement, values)
