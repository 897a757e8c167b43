"""Try-out of an escalation chain: a timeline of who would be told of an alert that nobody takes up."""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code
from api.database import rows
from api.language import Spoken
from api.problems import not_found, responses
from api.routes.routing import TryBody, made_up
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.alerts.chains import Chain
from hub.alerts.climb import Taken, taken
from hub.alerts.escalation_watch import refuses
from hub.alerts.recipients import stored_places, subscriptions
from hub.alerts.routing import Place, Subscriptions
from hub.duty.on_duty import Duty, at_desk, on_duty
from hub.store.statements import statements
from hub.words import Lang

SQL = statements(__name__)

router = GuardedRouter(tags=["consumers"])


class Told(BaseModel):
    """What happens at one time."""

    after_s: float = Field(description="seconds after the alert")
    at: datetime
    step: int = Field(description="of the chain, from 1; 0: by the filters of consumers, at once")
    consumers: list[Code] = Field(description="who is told")
    left_out: dict[Code, str] = Field(description="who is not, and why")
    rota: Code | None = Field(description="whose people must acknowledge; null: any person with an account may")
    on_duty: list[str] = Field(description="names of the accounts that are on duty by that rota then")
    skipped: str | None = Field(description="why nobody is waited for, and the next step follows at once")


class Timeline(BaseModel):
    """What happens as long as nobody acknowledges."""

    chain: Code | None = Field(description="the chain that the alert follows; null: none takes it")
    others: list[Code] = Field(description="chains that would take it, too, and are less specific")
    verify_within_s: int | None = Field(
        description="what is acknowledged goes on with the next step unless it is dispatched or handled within so long"
    )
    items: list[Told]


@router.post("/chains:try", response_model=Timeline, responses=responses(404, 422))
@needs(Permission.CONSUMERS_READ)
async def try_chain(body: TryBody, context: Here, spoken: Spoken) -> Any:
    """Tell who would be told of an alert, and when, as long as nobody acknowledges it. Nothing is sent.

    Without a time it begins now, and steps are skipped whose people are not at a desk now; at another time they are
    assumed to be there.
    """
    at = body.at or datetime.now(UTC)
    async with context.pool.connection() as conn:
        routes = await subscriptions(conn)
        if body.place is not None:
            place = await made_up(conn, body.place, routes.border_m)
        elif body.alert is not None and (found := await stored_places(conn, [body.alert], routes.border_m)):
            place = found[body.alert]._replace(told=frozenset())
        else:
            raise not_found("alert", str(body.alert))
        chains = [each for each in routes.chains if each.wanted.takes(place, at)]
        items = [_by_filters(routes, place, at)]
        if chains:
            there = await at_desk(conn, at) if body.at is None else None
            items += [each async for each in _climbed(conn, chains[0], routes, place, at, there, spoken)]
    return {
        "chain": chains[0].code if chains else None,
        "others": [each.code for each in chains[1:]],
        "verify_within_s": chains[0].verify_s(place.level) if chains else None,
        "items": items,
    }


def _by_filters(routes: Subscriptions, place: Place, at: datetime) -> dict[str, Any]:
    codes = {each.id: each.code for each in routes.subscribers}
    told = [codes[id_] for id_ in routes.recipients(place, at)]
    return {
        "after_s": 0, "at": at, "step": 0, "consumers": told, "left_out": {}, "rota": None, "on_duty": [],
        "skipped": None,
    }  # fmt: skip


async def _climbed(
    conn: AsyncConnection,
    chain: Chain,
    routes: Subscriptions,
    place: Place,
    at: datetime,
    there: Collection[UUID] | None,
    lang: Lang,
) -> AsyncIterator[dict[str, Any]]:
    """The steps of a chain; `there` are those who are at a desk, None: all who are on duty."""
    asked = any(step.rota is not None for step in chain.steps)
    names = {found["id"]: found["name"] for found in await rows(conn, SQL.names)} if asked else {}
    done, after_s = 0, float(chain.step(1).wait_s)
    while done < chain.length:
        then = at + timedelta(seconds=after_s)
        duty = await on_duty(conn, then) if asked else {}
        assumed = {rota: _assumed(each, there) for rota, each in duty.items()}
        for each in taken(chain, done, assumed, refuses(routes, place, then)):
            yield _told(each, after_s, then, duty, names, lang)
            done, wait_s = each.number, each.wait_s
        after_s += wait_s or 0


def _assumed(duty: Duty, there: Collection[UUID] | None) -> Duty:
    return duty._replace(present=there is None or not duty.people.isdisjoint(there))


def _told(
    each: Taken, after_s: float, at: datetime, duty: Mapping[str, Duty], names: Mapping[UUID, str], lang: Lang
) -> dict[str, Any]:
    rota = each.step.rota
    people = duty[rota].people if rota is not None and rota in duty else frozenset()
    return {
        "after_s": after_s,
        "at": at,
        "step": each.number,
        "consumers": list(each.consumers),
        "left_out": {code: why.told(lang) for code, why in each.left_out.items()},
        "rota": rota,
        "on_duty": sorted(names.get(person, str(person)) for person in people),
        "skipped": None if each.skipped is None else each.skipped.told(lang),
    }
