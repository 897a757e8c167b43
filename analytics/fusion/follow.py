"""Follows the changes of alerts on one leader, and makes incidents of them.

What some changes decide and how far it came is one transaction, and the ids of incidents and changes are made of what
they are about: a leader that dies in between repeats nothing, and leaves nothing out.
"""

import logging
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import numpy as np
import psycopg
from psycopg.rows import dict_row

from analytics.fusion.finding import Finding, stored_finding
from analytics.fusion.fusion import Fused as Decided
from analytics.fusion.fusion import Fusion, Known, Weaker
from analytics.fusion.rules import FusionRule, stored_rule
from devices.places.grid import distance
from hub.alerts.alert import Step
from hub.alerts.apply import SQL as APPLY
from hub.alerts.apply import apply
from hub.alerts.fused import Fused
from hub.alerts.routing import level_word
from hub.models import from_micros, to_micros
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

log = logging.getLogger(__name__)

EVERY_S = 1.0
BATCH = 500
"""Changes of one transaction: bounds the time for which the lock of alerts is held."""
DAY = timedelta(days=1)
"""Findings are remembered for so long after they began: what comes later joins no incident of theirs."""


class Follower:
    """Work of a leader; its memory is that of the connection by which it leads."""

    def __init__(self) -> None:
        self._fusion: Fusion | None = None
        self._consequences: dict[str, list[str]] = {}
        self._remembered: object = None
        self._upto = -1
        """How far what it remembers came."""

    async def work(self, conn: psycopg.AsyncConnection) -> float:
        """Decide all that waits; returns after how many seconds to look again."""
        while await self.follow(conn) == BATCH:
            pass
        return EVERY_S

    async def follow(self, conn: psycopg.AsyncConnection) -> int:
        """Decide the next changes, in one transaction; how many they were."""
        try:
            async with conn.transaction():
                return await self._follow(conn)
        except BaseException:
            self._fusion = None  # it may remember what was not committed
            raise

    async def _follow(self, conn: psycopg.AsyncConnection) -> int:
        [after] = await _row(conn, SQL.position)
        fusion = await self._memory(conn, after)
        upto, count, ids = await _row(conn, SQL.next_changes, {"after": after, "limit": BATCH})
        if not count:
            return 0
        found = await _findings(conn, {"ids": ids, "since": None, "after": None})
        left = fusion.forget(to_micros(datetime.now(UTC) - DAY), [each for each, out in found if out])
        await apply(conn, [alone(each) for each, out in found if out and each.lasts and each.incident is not None])
        sizes = await _sizes(conn, fusion.rules, found)
        now = {each.alert: each for each, out in found if not out}
        decided = fusion.take([*now.values(), *(each for each in left if each.alert not in now)], sizes)
        if decided:
            fusion.take_back(await self._write(conn, decided))
        out = {each.incident: each for each, is_out in found if is_out and each.incident is not None}
        for into in decided:  # what it was in may have turned out to be another one just now
            for gone in out.keys() & set(into.absorbed):
                out.setdefault(into.incident, out[gone])
        weaker = await self._weaker(conn, fusion.rules, out)
        fusion.take_back(each.finding.alert for each in weaker)
        await self._weaken(conn, [(each, out[each.incident]) for each in weaker])
        await conn.execute(SQL.move, {"cursor": upto})
        self._upto = upto
        return int(count)

    async def _memory(self, conn: psycopg.AsyncConnection, after: int) -> Fusion:
        """What was decided before, read anew when another led, or moved the position, or the rules have changed."""
        mark = (conn.info.backend_pid, *await _row(conn, SQL.rules_changed))
        if self._fusion is not None and (self._remembered, self._upto) == (mark, after):
            return self._fusion
        async with conn.cursor(row_factory=dict_row) as cursor:
            rows = await (await cursor.execute(SQL.rules)).fetchall()
        self._consequences = {row["code"]: row["consequences"] for row in rows}
        self._fusion, self._remembered, self._upto = Fusion(map(stored_rule, rows)), mark, after
        since = datetime.now(UTC) - DAY
        found = [each for each, out in await _findings(conn, {"ids": None, "since": since, "after": after}) if not out]
        incidents = list({each.incident for each in found if each.incident is not None})
        known = await (await conn.execute(SQL.incidents, {"ids": incidents})).fetchall()
        self._fusion.remember(found, {id_: Known(rule, lead) for id_, rule, lead in known})
        return self._fusion

    async def _weaker(
        self, conn: psycopg.AsyncConnection, rules: Sequence[FusionRule], incidents: Collection[UUID]
    ) -> list[Weaker]:
        """As Fusion.weaker, of incidents as they are stored: a verdict may come after a weekend, when none or only some
        of their members are remembered, and what was raised may last until then."""
        if not incidents:
            return []
        members = [id_ for (id_,) in await (await conn.execute(SQL.members, {"ids": list(incidents)})).fetchall()]
        found = [each for each, out in await _findings(conn, {"ids": members, "since": None, "after": None}) if not out]
        known = await (await conn.execute(SQL.incidents, {"ids": list(incidents)})).fetchall()
        past = Fusion(rules)
        past.remember(found, {id_: Known(rule, lead) for id_, rule, lead in known})
        return past.weaker(incidents)

    async def _weaken(self, conn: psycopg.AsyncConnection, weaker: Sequence[tuple[Weaker, Finding]]) -> None:
        """Tell alerts that were raised what they have lost, and let those that are no danger have their own level."""
        asked = {"ids": [each.finding.alert for each, _ in weaker]}
        raised = {id_ for (id_,) in await (await conn.execute(SQL.raised, asked)).fetchall()} if weaker else set()
        await apply(conn, [weakened(each, out) for each, out in weaker if each.finding.alert in raised])

    async def _write(self, conn: psycopg.AsyncConnection, decided: Sequence[Decided]) -> list[UUID]:
        """Under the lock of alerts, which comes before their rows; the alerts that could not be raised."""
        await conn.execute(APPLY.lock)
        made = [_columns(each, self._consequences[each.rule.code]) for each in decided]
        await conn.cursor().executemany(SQL.put, made)
        joining = [(one.alert, each.incident) for each in decided for one in each.joined]
        alerts, incidents = map(list, zip(*joining, strict=True)) if joining else ([], [])
        found = await (await conn.execute(SQL.join, {"alerts": alerts, "incidents": incidents})).fetchall()
        for each in decided:
            if each.absorbed:
                await conn.execute(SQL.absorb, {"into": each.incident, "ids": each.absorbed})
        in_ = {alert for (alert,) in found}
        results = await apply(conn, [change for each in decided for change in changes_of(each, in_)])
        for each in decided:
            if each.new:
                log.info("%d alerts are one incident by %s: %s", len(each.members), each.rule.code, each.incident)
        return [each.change.alert_id for each in results if each.change.kind == "updated" and each.outcome == "refused"]


def changes_of(decided: Decided, joined: Collection[UUID]) -> Iterator[Fused]:
    """The changes of alerts that follow, by ids that are made of the incident, the alert and what happens to it.

    How many found something is not said: who reads the alert may not see them all.
    """
    incident, rule, at = decided.incident, decided.rule, datetime.now(UTC)
    details = {"incident": str(incident), "rule": rule.code}
    for each in decided.joined:
        if each.alert in joined:
            note = Sentence("fusion.joined", rule=rule.code)
            yield Fused(uuid5(incident, f"joined {each.alert}"), each.alert, "joined", at, note, details)
    if decided.raised_to is not None:
        lead, level = decided.lead, decided.raised_to
        id_ = _once(incident, f"raised {lead.alert} {level} {decided.members[-1].alert}", decided.members)
        yield Fused(id_, lead.alert, "updated", at, raised_note(rule, level), details, floor=level)


def alone(finding: Finding) -> Fused:
    """A person took an alert out of its incident: its level is what its rule says again. Refused of a danger, and where
    it was not raised."""
    assert finding.incident is not None  # noqa: S101 for the type checker
    id_ = uuid5(finding.incident, f"alone {finding.alert}")
    details = {"incident": str(finding.incident)}
    note = Sentence("fusion.alone")
    return Fused(id_, finding.alert, "updated", datetime.now(UTC), note, details, alone=True, danger=finding.danger)


def weakened(weaker: Weaker, out: Finding) -> Fused | Step:
    """What is said of an alert that was raised, when another one that corroborated it is out. A danger stays at the
    level that it was raised to: it is told beside it."""
    finding, level = weaker.finding, level_word(weaker.level)
    id_ = _once(weaker.incident, f"weaker {finding.alert} {out.alert}", [out])
    if finding.danger:
        return Step(id_, finding.alert, "commented", "hub", Sentence("fusion.weaker.danger", level=level))
    details = {"incident": str(weaker.incident), "rule": weaker.rule.code}
    note = Sentence("fusion.weaker", level=level)
    return Fused(id_, finding.alert, "updated", datetime.now(UTC), note, details, alone=True, danger=finding.danger)


def _once(incident: UUID, said: str, by: Iterable[Finding]) -> UUID:
    """The id of what is said because of findings: another one after a person has taken back a verdict on them."""
    times = sum(each.reopened for each in by)
    return uuid5(incident, f"{said} {times}" if times else said)


def raised_note(rule: FusionRule, level: int) -> Sentence:
    """Why a level was raised."""
    told, minutes = level_word(level), f"{rule.within / 60_000_000:g}"
    if rule.link == "parent":
        return Sentence("fusion.raised.parent", level=told, minutes=minutes)
    return Sentence("fusion.raised", level=told, metres=f"{rule.radius_m:g}", minutes=minutes)


def _columns(decided: Decided, consequences: Sequence[str]) -> dict[str, Any]:
    lead, rule, members = decided.lead, decided.rule, decided.members
    placed = [each for each in members if each.placed] if lead.placed else []
    reach = 0.0
    if placed:
        lons, lats = np.array([each.lon for each in placed]), np.array([each.lat for each in placed])
        reach = float(distance(lead.lon, lead.lat, lons, lats).max())
    return {
        "id": decided.incident,
        "rule": rule.code,
        "lead": lead.alert,
        "link": rule.link,
        "within_s": rule.within / 1_000_000,
        "radius_m": rule.radius_m,
        "parent_id": lead.hub if rule.link == "parent" else None,
        "lon": lead.lon if lead.placed else None,
        "lat": lead.lat if lead.placed else None,
        "reach_m": math.ceil(reach),
        "first_at": from_micros(members[0].at),
        "consequences": list(consequences),
    }


async def _findings(conn: psycopg.AsyncConnection, asked: Mapping[str, object]) -> list[tuple[Finding, bool]]:
    """With whether each is out: found false, or taken out by a person."""
    rows = await (await conn.execute(SQL.findings, asked)).fetchall()
    return [(stored_finding(row), out) for *row, out in rows]


async def _sizes(
    conn: psycopg.AsyncConnection, rules: Sequence[FusionRule], found: Sequence[tuple[Finding, bool]]
) -> dict[int, int]:
    """How many devices hang on the gateways of these findings, where a rule asks for it."""
    hubs = {each.hub for each, _ in found if each.hub is not None}
    if not hubs or not any(rule.share for rule in rules):
        return {}
    return dict(await (await conn.execute(SQL.sizes, {"hubs": list(hubs)})).fetchall())


async def _row(conn: psycopg.AsyncConnection, statement: str, asked: Mapping[str, object] | None = None) -> Any:
    row = await (await conn.execute(statement, asked)).fetchone()
    if row is None:
        raise LookupError("a row that each hub has is missing")
    return row
