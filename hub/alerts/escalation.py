"""Escalation: how far each alert is in its chain, moved with each of its changes, in the transaction of the change."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import psycopg

from hub.alerts.alert import Alert, Applied, Change, Step
from hub.alerts.chains import Chain, Chains
from hub.alerts.kept_back import DELIVERED, LOUD, KeptBack, kept_back_of_chain
from hub.alerts.recipients import Owed, subscriptions
from hub.alerts.routing import Place, Subscriptions
from hub.alerts.transitions import ENDED, RECORDS
from hub.duty.on_duty import Duty, on_duty
from hub.models import LEVEL_NAMES
from hub.store.statements import statements

SQL = statements(__name__)

RED = len(LEVEL_NAMES)
State = Literal["waiting", "acknowledged", "stopped", "exhausted"]
TAKEN_UP = frozenset({"dispatched", "handled", "verified"})


@dataclass(slots=True, frozen=True)
class Escalation:
    """A row of table escalation; `wait_s` are the seconds from now until it is due, None: never."""

    alert_id: UUID
    chain: str | None
    """None: it was deleted."""
    round: int
    level: int
    step: int
    state: State
    told: tuple[int, ...]
    wait_s: float | None = None


@dataclass(slots=True, frozen=True)
class Persons:
    """Who acts: ids of the accounts of people among the callers, and who is on duty by which rota."""

    people: Collection[UUID]
    duty: Mapping[str, Duty]

    def may_acknowledge(self, step: Step, chain: Chain, taken: int) -> bool:
        """Whether it is by a person, who is on duty where the chain has been so far."""
        if step.principal not in self.people:
            return False
        rotas = chain.rotas(taken)
        return not rotas or any(
            step.principal in duty.people or step.principal == duty.leader
            for rota in rotas
            if (duty := self.duty.get(rota)) is not None
        )


async def climbed(conn: psycopg.AsyncConnection, applied: Sequence[Applied], owed: list[Owed]) -> list[Owed]:
    """Move the escalations of these alerts; returns what is owed, with what consumers get of these changes by a chain.

    What a chain tells at once takes the place of the same that is kept back.

    Under the lock of alerts, like all that changes them.
    """
    routes = await subscriptions(conn)
    if not routes.chains and not routes.chains.left:
        return owed
    now = datetime.now(UTC)
    concerned = {
        alert.id for change, alert in applied if change.kind != "raised" or routes.chains.may_take(alert.place, now)
    }
    if not concerned:
        return owed
    principals = [change.principal for change, _ in applied if isinstance(change, Step) and change.principal]
    wanted = {"ids": list(concerned), "principals": principals}
    rows = await (await conn.execute(SQL.known, wanted)).fetchall()
    facts = {id_: {"event_kind": kind, "device": device} for id_, kind, device, *_ in rows}
    people = {id_ for _, _, _, found, *_ in rows for id_ in found}
    before = {
        id_: Escalation(id_, chain, round_, level, step, state, tuple(told))
        for id_, _, _, _, chain, round_, level, step, state, told in rows
        if round_ is not None
    }
    rotas = _asked(applied, before, routes.chains)
    persons = Persons(people, await _on_duty(conn, now) if rotas else {})
    after = dict(before)
    gets, there = {each[:4]: each for each in owed}, {each.id for each in routes.subscribers if each.enabled}
    for change, alert in applied:
        if alert.id not in concerned:
            continue
        known = after.get(alert.id)
        place = alert.place._replace(**facts[alert.id])
        to = _told(change, known, routes, place, now)
        for id_, kept in to.items():
            by_chain = Owed(change.id, alert.id, alert.seq, id_, "escalated", *kept)
            other = gets.get(by_chain[:4])
            if id_ in there and (other is None or (by_chain.now and not other.now)):
                gets[by_chain[:4]] = by_chain
        at_level = place._replace(level=alert.level)
        new_state = moved(known, Applied(change, alert), at_level, routes.chains, persons, now)
        if new_state is not None:
            after[alert.id] = new_state
    if changed := [each for id_, each in after.items() if each is not before.get(id_)]:
        columns = {name: [getattr(each, name) for each in changed] for name in Escalation.__slots__}
        columns["told"] = [f"{{{','.join(map(str, each.told))}}}" for each in changed]
        await conn.execute(SQL.write, columns)
    return list(gets.values())


async def _on_duty(conn: psycopg.AsyncConnection, now: datetime) -> Mapping[str, Duty]:
    """Who is on duty by any rota: whose step it is may see less of them."""
    [path] = await (await conn.execute(SQL.search_path)).fetchone() or [""]
    await conn.execute(SQL.look_in, {"path": "public"})
    found = await on_duty(conn, now)
    await conn.execute(SQL.look_in, {"path": path})
    return found


def _asked(applied: Sequence[Applied], before: Mapping[UUID, Escalation], chains: Chains) -> bool:
    """Whether it matters who is on duty."""
    for change, alert in applied:
        known = before.get(alert.id)
        if known is not None and change.kind in ("acknowledged", "assigned"):
            chain = chains.get(known.chain)
            if chain is not None and chain.rotas(known.step):
                return True
    return False


def _told(
    change: Change, known: Escalation | None, routes: Subscriptions, place: Place, now: datetime
) -> Mapping[int, KeptBack]:
    """Who hears of a change because a chain tells him, or has told him, of the alert; what keeps it back from him."""
    if isinstance(change, Step) and change.climb is not None:
        return change.climb.to
    if known is None or change.kind in RECORDS:
        return {}
    if change.kind in LOUD:
        return {id_: kept_back_of_chain(routes, place, id_, now) for id_ in known.told}
    return dict.fromkeys(known.told, DELIVERED)


def moved(
    known: Escalation | None, applied: Applied, place: Place, chains: Chains, persons: Persons, now: datetime
) -> Escalation | None:
    """The escalation of an alert after a change; the same object where nothing has changed."""
    change, alert = applied
    if known is not None and change.kind == "cleared":
        return known if known.level == RED else _stopped(known)
    if _begins(change, alert, known):
        if (chain := chains.of(place, now)) is None:
            return known
        round_, told = (1, ()) if known is None else (known.round + 1, known.told)
        return Escalation(alert.id, chain.code, round_, alert.level, 0, "waiting", told, chain.step(1).wait_s)
    if known is None or not isinstance(change, Step):
        return known
    if change.climb is not None:
        climb = change.climb
        state: State = "exhausted" if climb.wait_s is None else "waiting"
        told = tuple(dict.fromkeys((*known.told, *climb.to)))
        return replace(known, step=climb.number, state=state, told=told, wait_s=climb.wait_s)
    if alert.handling in ENDED or (change.kind in TAKEN_UP and change.principal in persons.people):
        return _stopped(known)
    if known.state not in ("waiting", "exhausted") or not _acknowledges(change, alert):
        return known
    chain = chains.get(known.chain)
    if chain is not None and persons.may_acknowledge(change, chain, known.step):
        return replace(known, state="acknowledged", wait_s=chain.verify_s(known.level))
    return known


def _begins(change: Change, alert: Alert, known: Escalation | None) -> bool:
    """Whether a chain begins, or begins anew, with a change: something new is there that nobody has acknowledged."""
    if alert.handling != "open" or not _escalates(alert) or (alert.cleared_at is not None and alert.peak_level < RED):
        return False
    if change.kind in ("raised", "reopened"):
        return True
    if change.kind != "updated":
        return False
    if known is None:  # what was of a drill becomes real by a step
        return isinstance(change, Step) or alert.level == alert.peak_level
    return alert.level > known.level or known.state == "acknowledged"


def _escalates(alert: Alert) -> bool:
    """Whether people are to see to an alert: it is not of a drill, as the hub's rounds along its own path are, too."""
    return alert.drill_id is None


def _acknowledges(step: Step, alert: Alert) -> bool:
    """Whether somebody takes an alert upon himself; who is not the first does so by assigning it to himself."""
    return step.kind == "acknowledged" or (
        step.kind == "assigned" and step.assignee == step.principal and alert.handling == "acknowledged"
    )


def _stopped(known: Escalation) -> Escalation:
    return known if known.state == "stopped" else replace(known, state="stopped", wait_s=None)
