"""The patrol as the store has it: whose turn it is, how each was found, and since when a round goes on."""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, LiteralString, NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from devices.cameras.camera_url import BadUrlError, parse_url
from hub.alerts.own import over, tell
from hub.alerts.own_kinds import OwnKind
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from hub.words.sentence import written
from ingest.cameras.connections import Wanted
from ingest.cameras.following import LOGIN_S
from ingest.video.outage import Found, held, lasting
from ingest.video.visits import Visit

log = logging.getLogger(__name__)
SQL = statements(__name__)

OUTAGE: OwnKind = "cameras_silent"
ORANGE = 3
Skipped = Literal["url", "secret", "reader"]


class Turn(NamedTuple):
    """A camera whose turn it is."""

    wanted: Wanted
    place: bytes
    """What is remembered of its place; empty: nothing."""
    faults: frozenset[str]
    """What was told of it, and is not over."""


class Round(NamedTuple):
    """A round that goes on, or is over."""

    number: int
    is_over: bool
    is_old: bool
    """It is time for another one."""


async def rest(conn: psycopg.AsyncConnection) -> None:
    """Nobody goes on patrol: no outage lasts, and nobody is held."""
    for where, _ in await (await conn.execute(SQL.outages, {"kind": OUTAGE})).fetchall():
        await over(conn, OUTAGE, where)
    await conn.execute(SQL.rest)


class Patrols:
    """Reads and writes it. StoreUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def round(self, every_s: float) -> Round | None:
        """The newest one."""
        rows = await self._rows(SQL.round, {"every_s": every_s})
        return Round(*rows[0]) if rows else None

    async def begin(self) -> int:
        """Another one; its number."""
        number: int = (await self._rows(SQL.begin))[0][0]
        return number

    async def end(self, number: int) -> None:
        """It is over."""
        await self._run(SQL.end, {"number": number})

    async def due(self, number: int | None) -> list[Turn]:
        """Whose turn it still is in this round; None: in another one."""
        rows = await self._rows(SQL.due, {"number": number, "rest_s": LOGIN_S})
        return [
            Turn(Wanted(device, kind, url, login, at, (), device), place or b"", frozenset(faults))
            for device, kind, url, login, at, place, faults in rows
        ]

    async def found(self, lost: str) -> list[Found]:
        """How cameras on patrol were found, but those that are lost of their own, of which `lost` was told."""
        rows = await self._rows(SQL.found, {"lost": lost})
        found = []
        for device, url, *how in rows:
            try:
                at = parse_url("rtsp", url)[0]
                found.append(Found(device, (at.host, at.port), *how))
            except BadUrlError:  # it was changed since, and is not visited
                found.append(Found(device, (device, 0), *how))
        return [each._replace(faults=frozenset(each.faults)) for each in found if each.host[1] or each.was is not None]

    async def hold(self, number: int, found: Sequence[Found]) -> dict[str, str]:
        """Who of those found is held, and with what; each outage is told once to each organisation, and its end."""
        places = lasting(found)
        counts = Counter(each.where(places[each.camera]) for each in found if each.camera in places)
        with sorted_errors():
            async with self._pool.connection() as conn:
                known = await (await conn.execute(SQL.outages, {"kind": OUTAGE})).fetchall()
                waits = held(found, places, number, {where for where, is_ended in known if is_ended})
                homes = {each.where(waits[each.camera]): each.organisation for each in found if each.camera in waits}
                for where in sorted(homes.keys() - {where for where, _ in known}):
                    log.warning("%d cameras of the patrol do not answer: %s", counts[where], where)
                    await tell(conn, OUTAGE, where, ORANGE, homes[where], f"{where} ({counts[where]})")
                for where in sorted({where for where, _ in known} - counts.keys()):
                    await over(conn, OUTAGE, where)
                devices = [each.camera for each in found]
                values = {"held": list(map(waits.get, devices)), "outages": list(map(places.get, devices))}
                await conn.execute(SQL.held, {"number": number, "devices": devices, **values})
        return waits

    async def down(self, device: str) -> None:
        """A camera that is lost of its own."""
        await self._run(SQL.down, {"device": device})

    async def skipped(self, device: str, why: Skipped) -> None:
        """A camera that was not looked at."""
        await self._run(SQL.skipped, {"device": device, "why": why})

    async def telling(self, device: str, messages: Sequence[str], faults: frozenset[str]) -> None:
        """What is about to be told of a camera: after a restart it is told again, as it is."""
        await self._run(SQL.telling, {"device": device, "telling": list(messages), "faults": sorted(faults)})

    async def told(self, device: str) -> None:
        """It is stored."""
        await self._run(SQL.told, {"device": device})

    async def visited(self, number: int, turn: Turn, visit: Visit, *, waits: bool) -> None:
        """How a camera was found; `waits`: that it is lost is judged at the end, and it is as it was till then."""
        failure, shown = visit.failure, visit.shown
        result = "failed" if shown is None else "faults" if visit.faults else "fine"
        figures: dict[str, object] = {"source": "patrol", "result": result, "seconds": round(visit.seconds, 1)}
        if shown is not None:
            figures |= {"faults": visit.faults, "cpu_s": round(shown.cpu_s, 3)}
        values = {
            "device": turn.wanted.device, "changed_at": turn.wanted.changed_at, "result": result,
            "refused": failure is not None and failure.step == "login",
            "place": None if shown is None else shown.reference, "number": number,
            "state": None if waits else "down" if shown is None else "up",
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
