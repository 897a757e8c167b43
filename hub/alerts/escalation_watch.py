"""Takes the steps of escalation chains that are due."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid5

import psycopg

from hub.alerts.alert import Climb, Step
from hub.alerts.apply import SQL as APPLY
from hub.alerts.apply import apply
from hub.alerts.chains import Chain
from hub.alerts.climb import Refuses, note_of, taken
from hub.alerts.kept_back import kept_back_of_chain
from hub.alerts.recipients import stored_places, subscriptions
from hub.alerts.routing import Place, Subscriptions
from hub.alerts.transitions import ESCALATE
from hub.duty.desk import keep_streams
from hub.duty.on_duty import Duty, on_duty
from hub.lifecycle import Part, Phase
from hub.settings import Settings
from hub.store.leader import lead
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

log = logging.getLogger(__name__)

EVERY_S = 1.0
AT_ONCE = 200
"""Alerts of one transaction: bounds the time that the lock is held."""


class Due(NamedTuple):
    """An alert whose next step is due."""

    alert_id: UUID
    chain: str
    round: int
    step: int
    state: str
    level: int
    """At which this round began."""
    at: datetime
    """The time of the database."""


async def escalate(conn: psycopg.AsyncConnection) -> int:
    """Take the steps that are due, in one transaction; returns how many alerts had one."""
    if not await (await conn.execute(SQL.is_due)).fetchone():
        return 0
    async with conn.transaction():
        await conn.execute(APPLY.lock)
        due = [Due(*row) for row in await (await conn.execute(SQL.due, {"limit": AT_ONCE})).fetchall()]
        routes = await subscriptions(conn)
        chains = {each.chain: chain for each in due if (chain := routes.chains.get(each.chain)) is not None}
        asked = due and any(step.rota is not None for chain in chains.values() for step in chain.steps)
        duty = await on_duty(conn, due[0].at) if asked else {}
        places = await stored_places(conn, [each.alert_id for each in due])
        await apply(conn, [step for each in due for step in steps_of(each, chains, places, duty, routes)])
    if due:
        log.warning("alerts that are escalated because nobody has taken them up: %d", len(due))
    return len(due)


def steps_of(
    due: Due,
    chains: Mapping[str, Chain],
    places: Mapping[UUID, Place],
    duty: Mapping[str, Duty],
    routes: Subscriptions,
) -> Iterator[Step]:
    """The changes of an alert that is due; their ids are those of its round and step, whoever makes them."""
    chain, place, at = chains[due.chain], places[due.alert_id], due.at
    if due.state == "acknowledged":
        why = Sentence("escalation.unverified", seconds=chain.verify_s(due.level))
    else:
        why = Sentence("escalation.unacknowledged")
    ids = {each.code: each.id for each in routes.subscribers}
    for each in taken(chain, due.step, duty, refuses(routes, place, at)):
        to = {ids[code]: kept_back_of_chain(routes, place, ids[code], at) for code in each.consumers}
        yield Step(
            uuid5(due.alert_id, f"escalated {due.round} {each.number}"), due.alert_id, "escalated", "hub",
            note_of(chain, each, why), ESCALATE, at=at, climb=Climb(each.number, to, each.wait_s),
        )  # fmt: skip
        if each.skipped is not None:
            why = each.skipped


def refuses(routes: Subscriptions, place: Place, at: datetime) -> Refuses:
    """Why consumers cannot be told of an alert: they are off, or their organisation may not see it."""
    by_code = {each.code: each for each in routes.subscribers}

    def refused(code: str) -> Sentence | None:
        consumer = by_code.get(code)
        if consumer is None or not consumer.enabled:
            return Sentence("routing.off")
        if consumer.owner is not None and not routes.reach.sees(consumer.owner, place, at):
            return Sentence("routing.owner", owner=consumer.owner)
        return None

    return refused


class EscalationWatch(Part):
    """Runs on the leader; what is due is a row, so that nothing is forgotten, and taken in one transaction, once."""

    phase = Phase.SOURCES

    def __init__(self, settings: Settings) -> None:
        self._url = settings.database.url
        self._leads_by = 0
        """The connection by which it leads: a new one begins after a start, or when another leader is gone."""

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Compete for leadership, and look once a second."""
        group.create_task(lead(self._url, "escalation", self._work), name="escalation")
        yield

    async def _work(self, conn: psycopg.AsyncConnection) -> float:
        if conn.info.backend_pid != self._leads_by:
            await keep_streams(conn)
            self._leads_by = conn.info.backend_pid
        while await escalate(conn) == AT_ONCE:
            pass
        return EVERY_S
