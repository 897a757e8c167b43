"""Shares: what an organisation lets another see, each use counted, revoked at once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from hub.access.principals import Principals
from hub.access.roles import Role
from tests.support.served_api import PREFIX
from tests.support.two_counties import HIDDEN, INSIDE, City, two_counties

ADD = """
with p as (
    insert into principal (kind, name, organisation) values ('person', %(name)s, %(organisation)s) returning id
), g as (
    insert into access_grant (principal_id, role, organisation, region, granted_by)
    select id, %(role)s, %(limit)s, %(region)s, 'test' from p
)
select id from p"""


class Office:
    """Two organisations: li.wei of eco-a, who may see a county, and chen.jing who decides for eco-b."""

    def __init__(self, city: City) -> None:
        self.city, self.ids, self._principals = city, dict[str, UUID](), Principals()

    async def add(self, name: str, organisation: str, role: Role, limit: str | None, region: str | None) -> None:
        async with self.city.pool.connection() as conn:
            given = {"name": name, "organisation": organisation, "role": role, "limit": limit, "region": region}
            found = await (await conn.execute(ADD.encode(), given)).fetchone()
        assert found is not None
        self.ids[name] = found[0]

    async def as_(self, name: str) -> None:
        """The requests that follow are this person's, with what is granted and shared by now."""
        await self._principals.refresh(self.city.pool)
        found = self._principals.get(self.ids[name])
        assert found is not None
        self.city.door.now = found.caller(datetime.now(UTC))

    async def get(self, path: str) -> Any:
        answer = await self.city.client.get(PREFIX + path)
        return answer.json() if answer.status_code == 200 else answer.status_code

    async def ask(self, **body: Any) -> str:
        await self.as_("li.wei")
        asked = {"owner": "eco-b", "purpose": "禁放巡查", **body}
        answer = await self.city.client.post(f"{PREFIX}/shares", json=asked)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def decide(self, share: str, to: str, **body: Any) -> int:
        await self.as_("chen.jing")
        answer = await self.city.client.post(f"{PREFIX}/shares/{share}/decision", json={"to": to, **body})
        return answer.status_code

    async def devices(self) -> list[str]:
        return [each["code"] for each in (await self.get("/devices"))["items"]]


@pytest.fixture
async def office(database: str) -> AsyncIterator[Office]:
    async with two_counties(database) as city:
        made = Office(city)
        await made.add("li.wei", "eco-a", Role.OPERATOR, None, INSIDE)
        await made.add("chen.jing", "eco-b", Role.SECURITY_ADMINISTRATOR, "eco-b", None)
        await made.add("wang.fang", "eco-c", Role.OPERATOR, None, INSIDE)
        yield made


@pytest.fixture(autouse=True)
async def _eco_c(database: str) -> None:

    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as conn:
        await conn.execute(
            "insert into organisation (code, name) values ('eco-a', 'a'), ('eco-b', 'b'), ('eco-c', 'c')"
        )


async def test_nothing_is_seen_before_it_is_granted_and_after_it_is_revoked(office: Office) -> None:
    share = await office.ask(kinds=["devices", "readings", "events", "alerts"])
    assert await office.devices() == ["seen-1"]
    assert await office.decide(share, "granted") == 200
    await office.as_("li.wei")
    assert sorted(await office.devices()) == [HIDDEN, "seen-1"]
    assert {each["device"] for each in (await office.get("/alerts"))["items"]} == {HIDDEN, "seen-1"}
    assert len((await office.get(f"/readings?device={HIDDEN}&metric=pm25"))["items"]) == 1
    before = office.city.door.now
    assert await office.decide(share, "revoked") == 200
    office.city.door.now = before  # a process that has not heard of it yet
    assert await office.devices() == ["seen-1"]
    assert await office.decide(share, "granted") == 409


async def test_it_reaches_what_was_asked_for_and_no_more(office: Office) -> None:
    share = await office.ask(kinds=["readings", "events"], metrics=["pm10"], event_kinds=["fire"], devices=[HIDDEN])
    assert await office.decide(share, "granted") == 200
    await office.as_("li.wei")
    assert await office.devices() == ["seen-1"], "devices were not asked for"
    assert await office.get(f"/devices/{HIDDEN}") == 404
    assert {each["device"] for each in (await office.get("/events"))["items"]} == {HIDDEN, "seen-1"}
    assert {each["device"] for each in (await office.get("/alerts"))["items"]} == {"seen-1"}
    assert {each["device"] for each in (await office.get("/latest"))["items"]} == {"seen-1"}
    assert await office.get(f"/readings?device={HIDDEN}&metric=pm25") in (404, 422)
    for event_kinds, devices in ((["smoke"], [HIDDEN]), (["fire"], ["other-1"])):
        share = await office.ask(kinds=["events"], event_kinds=event_kinds, devices=devices)
        assert await office.decide(share, "granted") == 200
    await office.as_("li.wei")
    assert {each["device"] for each in (await office.get("/events"))["items"]} == {HIDDEN, "seen-1"}, "they add up"


async def test_it_shows_data_up_to_its_ceiling_and_no_more_than_is_seen_at_home(office: Office) -> None:
    async with office.city.pool.connection() as conn:
        await conn.execute("update device set lon = 120.5, lat = 30.5")

    async def places() -> dict[str, float | None]:
        await office.as_("li.wei")
        return {each["code"]: each["lon"] for each in (await office.get("/devices"))["items"]}

    share = await office.ask(kinds=["devices"], ceiling="L3")
    assert await office.decide(share, "granted", ceiling="L4") == 200
    assert (await office.get(f"/shares/{share}"))["ceiling"] == "L3", "the owner gives no more than was asked for"
    assert await places() == {"seen-1": 120.5, HIDDEN: 120.5}
    assert await office.decide(share, "revoked") == 200
    share = await office.ask(kinds=["devices"], ceiling="L3")
    assert await office.decide(share, "granted", ceiling="L2") == 200
    assert await places() == {"seen-1": 120.5, HIDDEN: None}
    share = await office.ask(kinds=["devices"], devices=[HIDDEN])
    assert await office.decide(share, "granted") == 200
    assert await places() == {"seen-1": 120.5, HIDDEN: 120.5}, "the highest of several"
    async with office.city.pool.connection() as conn:
        await conn.execute("update access_grant set ceiling = 'L2' where role = 'operator'")
    assert await places() == {"seen-1": None, HIDDEN: None}, "nobody reads there what he may not at home"


async def test_it_gives_no_rights_to_change(office: Office) -> None:
    share = await office.ask(kinds=["devices", "alerts", "readings"])
    assert await office.decide(share, "granted") == 200
    await office.as_("li.wei")
    alert = office.city.ids["outside"]["alert_id"]
    assert (await office.get(f"/alerts/{alert}"))["device"] == HIDDEN
    answer = await office.city.client.post(f"{PREFIX}/alerts/{alert}/steps", json={"to": "acknowledged"})
    assert answer.status_code == 404


async def test_each_use_is_counted_for_both_and_audited(office: Office) -> None:
    share = await office.ask(kinds=["devices"])
    await office.decide(share, "granted")
    await office.as_("li.wei")
    for _ in range(3):
        await office.devices()
    for name in ("li.wei", "chen.jing"):
        await office.as_(name)
        found = await office.get(f"/shares/{share}")
        assert (found["uses"], found["state"]) == (3, "granted")
        [used] = await office.get(f"/shares/{share}/uses")
        assert (used["uses"], used["actor"]) == (3, f"principal:{office.ids['li.wei']}")
    async with office.city.pool.connection() as conn:
        statement = "select count(*) from audit where action = 'share.use' and subject = %s"
        assert await (await conn.execute(statement, (share,))).fetchone() == (3,)


async def test_it_ends_by_itself(office: Office) -> None:
    share = await office.ask(kinds=["devices"], valid_to="2099-01-01T00:00:00Z")
    await office.decide(share, "granted", valid_to="2098-01-01T00:00:00Z")
    await office.as_("li.wei")
    assert len(await office.devices()) == 2
    async with office.city.pool.connection() as conn:
        await conn.execute("update data_share set valid_to = now()")
    assert await office.devices() == ["seen-1"], "also where nobody has looked again"
    assert (await office.get(f"/shares/{share}"))["over"]


async def test_who_may_ask_decide_and_see(office: Office) -> None:
    share = await office.ask(kinds=["devices"])
    await office.as_("wang.fang")
    assert (await office.get("/shares"))["items"] == []
    assert await office.get(f"/shares/{share}") == 404
    answer = await office.city.client.post(
        f"{PREFIX}/shares", json={"owner": "eco-b", "consumer": "eco-a", "purpose": "x", "kinds": ["alerts"]}
    )
    assert answer.status_code == 403
    await office.as_("li.wei")
    answer = await office.city.client.post(f"{PREFIX}/shares/{share}/decision", json={"to": "granted"})
    assert answer.status_code == 403, "nobody grants himself what he asks for"
    assert (await office.city.client.delete(f"{PREFIX}/shares/{uuid4()}")).status_code == 404
    assert (await office.city.client.delete(f"{PREFIX}/shares/{share}")).json()["state"] == "withdrawn"
    assert await office.decide(share, "granted") == 409
