"""Handovers of shifts: two people, one moment, and nobody off duty before it."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from api.context import Context
from hub.access.caller import Caller
from hub.access.permissions import EVERYTHING
from hub.alerts.alert import Raise, Step
from hub.alerts.apply import apply
from hub.duty.handover import take
from hub.duty.on_duty import on_duty
from hub.words import LANGS, text
from tests.support.documents import close, pages, with_fonts
from tests.support.doors import CallerDoor
from tests.support.served_api import api_context, client_of

REGION = "330106001002"


@dataclass
class Desk:
    """A rota whose shift changed ten minutes ago, from `old` to `new`, and the API as seen by one of its people."""

    client: httpx.AsyncClient
    context: Context
    door: CallerDoor
    people: Mapping[str, UUID]
    change_at: datetime
    old: str
    new: str

    async def ask(self, who: str, method: str, path: str, **body: Any) -> httpx.Response:
        self.door.now = Caller("person", who, EVERYTHING, principal=self.people[who])
        return await self.client.request(method, path, json=body if method == "POST" else None)

    async def made(self) -> dict[str, Any]:
        answer = await self.ask(self.old, "POST", "/rotas/city/handovers", note="pump 3 by hand")
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def on(self) -> tuple[set[str], set[str]]:
        """Who is on duty, and who of them is held over."""
        names = {id_: name for name, id_ in self.people.items()}
        async with self.context.hub_pool.connection() as conn:
            duty = (await on_duty(conn, datetime.now(UTC)))["city"]
        return {names[id_] for id_ in duty.people}, {names[id_] for id_ in duty.held_over}


@asynccontextmanager
async def opened(database: str, minutes_ago: int = 10, **rota: Any) -> AsyncIterator[Desk]:
    change_at = (datetime.now(UTC) - timedelta(minutes=minutes_ago)).replace(second=0, microsecond=0)
    begin, end = f"{change_at:%H:%M}", f"{change_at + timedelta(hours=12):%H:%M}"
    door = CallerDoor()
    async with api_context(database) as context, client_of(context, door) as client:
        (await client.put("/organisations/desk", json={"name": "Desk"})).raise_for_status()
        async with context.hub_pool.connection() as conn:
            found = await conn.execute(
                "insert into principal (kind, name) values ('person', 'ann'), ('person', 'ben'), ('person', 'cam'),"
                " ('person', 'dee'), ('person', 'boss') returning name, id"
            )
            people: dict[str, UUID] = dict(await found.fetchall())
        body = {
            "name": "City desk",
            "organisation": "desk",
            "region": "330106",
            "zone": "UTC",
            "shifts": [{"name": "one", "begin": begin, "end": end}, {"name": "two", "begin": end, "end": begin}],
            "unit": "shift",
            "from_date": f"{change_at - timedelta(days=2):%Y-%m-%d}",
            "turns": ["ann", ["ben", "cam"]],
            "leader": "boss",
            "handover_minutes": 60,
            **rota,
        }
        (await client.put("/rotas/city", json=body)).raise_for_status()
        span = {
            "from": (change_at - timedelta(minutes=1)).isoformat(),
            "to": (change_at + timedelta(minutes=1)).isoformat(),
        }
        before, after = (await client.get("/rotas/city/duty", params=span)).json()["pieces"]
        yield Desk(client, context, door, people, change_at, before["people"][0], after["people"][0])


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    async with opened(database) as made:
        yield made


async def test_nobody_goes_off_duty_before_it_is_taken_over_by_another(desk: Desk) -> None:
    everybody = {"ann", "ben", "cam"}
    held = everybody - ({"ann"} if desk.new == "ann" else {"ben", "cam"})
    assert await desk.on() == (everybody, held)
    [told] = (await desk.client.get("/duty")).json()["items"]
    assert (set(told["people"]), set(told["held_over"])) == (everybody, held)

    assert (await desk.ask("dee", "POST", "/rotas/city/handovers")).status_code == 409, "not of this rota"
    assert (await desk.ask(desk.new, "POST", "/rotas/city/handovers")).status_code == 409, "his shift has begun"
    made = await desk.made()
    assert (made["state"], made["made_by"], made["leader"], made["note"]) == (
        "open",
        desk.old,
        "boss",
        "pump 3 by hand",
    )
    assert datetime.fromisoformat(made["change_at"]) == desk.change_at
    assert datetime.fromisoformat(made["begins_at"]) == desk.change_at - timedelta(hours=12)
    assert (set(made["outgoing"]), set(made["incoming"])) == (held, everybody - held)
    path = f"/handovers/{made['id']}:take"
    for stranger, why in ((desk.old, "handover.own"), ("dee", "handover.stranger")):
        refused = await desk.ask(stranger, "POST", path)
        assert (refused.status_code, refused.json()["detail"]) == (409, text(why, "en", code="city"))
    assert await desk.on() == (everybody, held), "handed over is not taken over"

    taken = (await desk.ask(desk.new, "POST", path, note="seen")).json()
    assert (taken["state"], taken["taken_by"], taken["taken_note"]) == ("taken", desk.new, "seen")
    assert 600 <= taken["late_s"] < 900
    assert await desk.on() == (everybody - held, set())
    assert (await desk.ask(desk.new, "POST", path)).status_code == 200, "sent again it is one"
    assert (await desk.ask("boss", "POST", path)).json()["detail"] == text("handover.taken", "en")
    assert (await desk.ask(desk.old, "POST", "/rotas/city/handovers")).status_code == 409, "it is taken over"
    with psycopg.connect(desk.context.settings.database.url) as conn:
        noted = conn.execute("select action, actor from audit where action like 'handover.%' order by id").fetchall()
        with pytest.raises(psycopg.errors.CheckViolation):
            conn.execute("update handover set taken_by = made_by")
    who = {name: f"principal:{id_}" for name, id_ in desk.people.items()}
    assert noted == [("handover.make", who[desk.old])] + [("handover.take", who[desk.new])] * 2


async def test_the_old_shift_stays_for_so_long_only_and_shifts_without_handover_change_by_the_clock(
    database: str,
) -> None:
    async with opened(database, minutes_ago=10, handover_minutes=5) as desk:
        assert (await desk.on())[1] == set()
        assert (await desk.ask(desk.old, "POST", "/rotas/city/handovers")).status_code == 409


async def test_without_handovers_nothing_is_held_over(database: str) -> None:
    async with opened(database, handover_minutes=None) as desk:
        assert (await desk.on())[1] == set()
        refused = await desk.ask(desk.old, "POST", "/rotas/city/handovers")
        assert (refused.status_code, "handover_minutes" in refused.text) == (409, True)


async def test_a_shift_is_handed_over_within_the_hour_before_its_end_and_a_substitute_is_recorded(
    database: str,
) -> None:
    away = {"from_at": "2020-01-01T00:00:00Z", "to_at": "2099-01-01T00:00:00Z", "instead_of": "ann", "person": "dee"}
    async with opened(database, minutes_ago=-30, substitutes=[away]) as desk:
        made = await desk.made()
        assert {"dee"} in ({*made["outgoing"]}, {*made["incoming"]})
        assert made["substitutes"] == [{"instead_of": "ann", "person": "dee"}]
        taken = (await desk.ask(desk.new, "POST", f"/handovers/{made['id']}:take")).json()
        assert (taken["state"], taken["late_s"]) == ("taken", 0)
        on, held = await desk.on()
        assert (desk.old in on, held) == (True, set()), "until the end by the rota"


async def test_of_many_who_take_over_at_once_one_does_and_made_again_it_replaces_the_first(desk: Desk) -> None:
    first, made = await desk.made(), await desk.made()
    stale = await desk.ask(desk.new, "POST", f"/handovers/{first['id']}:take")
    assert (stale.status_code, stale.json()["detail"]) == (409, text("handover.taken", "en"))
    async with asyncio.TaskGroup() as group:
        incoming = [*made["incoming"], "boss"] * 3
        tried = [group.create_task(_taken(desk, made["id"], name)) for name in incoming]
    assert [task.result() for task in tried].count(True) == 1
    found = (await desk.client.get("/handovers")).json()["items"]
    assert [each["state"] for each in found] == ["taken", "withdrawn"]
    assert (await desk.client.get("/handovers?rota=other")).json()["items"] == []


async def test_one_who_takes_over_twice_at_once_is_told_so_twice(desk: Desk) -> None:
    made = await desk.made()
    answers = await asyncio.gather(*(desk.ask(desk.new, "POST", f"/handovers/{made['id']}:take") for _ in range(4)))
    assert [each.status_code for each in answers] == [200] * 4


async def test_of_what_is_withdrawn_no_items_are_kept_and_of_many_a_thousand_are_told_at_once(desk: Desk) -> None:
    report = {"title": "Smoke", "level": "red", "region": REGION}
    (await desk.ask("boss", "POST", "/alerts", **report)).raise_for_status()
    first, made = await desk.made(), await desk.made()
    assert (len(first["items"]), len(made["items"]), made["more"]) == (1, 1, 0)
    async with desk.context.hub_pool.connection() as conn:
        found = await (await conn.execute("select handover_id::text from handover_item")).fetchall()
        assert found == [(made["id"],)]
        await conn.execute(
            """insert into handover_item (handover_id, n, kind, facts)
               select %s, n, 'silence', '{}' from generate_series(2, 1003) as n""",
            (made["id"],),
        )
    path = f"/handovers/{made['id']}"
    some = (await desk.client.get(path)).json()
    rest = (await desk.client.get(path, params={"after": some["items"][-1]["n"]})).json()
    assert [(each["items"][0]["n"], each["items"][-1]["n"], each["more"]) for each in (some, rest)] == [
        (1, 1000, 3),
        (1001, 1003, 0),
    ]


async def _taken(desk: Desk, id_: str, name: str) -> bool:
    async with desk.context.hub_pool.connection() as conn, conn.transaction():
        return await take(conn, UUID(id_), desk.people[name], None)


async def test_what_ends_between_the_two_confirmations_loses_neither(desk: Desk) -> None:
    made = await desk.made()
    conn = await psycopg.AsyncConnection.connect(desk.context.settings.database.url)
    assert await take(conn, UUID(made["id"]), desk.people["boss"], None)
    async with desk.context.hub_pool.connection() as other:
        await other.execute("select pg_terminate_backend(%s)", (conn.info.backend_pid,))
    with pytest.raises(psycopg.OperationalError):
        await conn.commit()
    await conn.close()
    async with api_context(desk.context.settings.database.url) as again, client_of(again, desk.door) as client:
        desk.client = client
        shown = (await client.get(f"/handovers/{made['id']}")).json()
        assert (shown["state"], shown["note"]) == ("open", "pump 3 by hand")
        assert (await desk.ask(desk.new, "POST", f"/handovers/{made['id']}:take")).status_code == 200


async def test_in_a_storm_the_snapshot_is_one_moment(desk: Desk) -> None:
    stop = asyncio.Event()

    async def storm(number: int) -> None:
        known: list[UUID] = []
        while not stop.is_set():
            fresh = [uuid4() for _ in range(5)]
            now = datetime.now(UTC)
            raised = [
                Raise(uuid4(), id_, "manual", f"manual:{id_}", "Smoke", 2 + number % 3, now, region=REGION)
                for id_ in fresh
            ]
            steps = [Step(uuid4(), id_, "acknowledged", "desk") for id_ in known[-3:]]
            steps += [Step(uuid4(), id_, "closed", "desk", at=now) for id_ in known[-7:-5]]
            async with desk.context.hub_pool.connection() as conn, conn.transaction():
                await apply(conn, [*raised, *steps])
            known += fresh

    async with asyncio.TaskGroup() as group:
        for number in range(4):
            group.create_task(storm(number))
        made = []
        for _ in range(8):
            await asyncio.sleep(0.1)
            made.append(await desk.made())
        stop.set()
    with psycopg.connect(desk.context.settings.database.url) as conn:
        for each in made:
            alerts = [item for item in each["items"] if item["kind"] == "alert"]
            found = [(item["alert_id"], item["facts"]["seq"], item["facts"]["unacknowledged"]) for item in alerts]
            assert sorted(found) == sorted(conn.execute(UP_TO_THE_CURSOR, (each["id"],)).fetchall())
    assert len(alerts) > 20


UP_TO_THE_CURSOR = """
select c.alert_id::text, max(c.seq), (array_agg(c.picture ->> 'handling' order by c.seq desc))[1] = 'open'
from alert_change c, handover h
where h.id = %s and c.cursor <= h.cursor
group by 1
having (array_agg(c.picture ->> 'handling' order by c.seq desc))[1] <> 'closed'
"""
"""Each alert that was open then, with its last change and whether it was unacknowledged."""
UNGUARDED = """
insert into profile (code, name, category) values ('air', 'Air', 'environment');
insert into device (code, name, profile_id, region)
    select d.code, d.code, p.id, %(region)s
    from profile p, unnest(array['gone', 'fixed', 'tested', 'fine']) as d (code);
insert into device (code, name, profile_id, region) select 'far', 'far', p.id, '110101001001' from profile p;
insert into device_health (device_id, online, since) select id, code = 'fine', now() from device;
insert into maintenance (device_id, from_at, to_at, note)
    select id, now() - interval '1 hour', now() + interval '1 hour', 'new filter' from device where code = 'fixed';
insert into guard_off (device_id, part, kind, since, over_at)
    select d.id, '', k.kind, now() - interval '1 day', k.over_at
    from device d, (values ('shielded', null), ('removed', now())) as k (kind, over_at) where d.code in ('fine', 'far');
insert into drill (id, kind, name, consumers, begins_at, ends_at, made_by)
    values (gen_random_uuid(), 'proof_test', 'may', '{}', now() - interval '1 hour', now() + interval '1 hour', 'x');
insert into drill_device (drill_id, device_id) select t.id, d.id from drill t, device d where d.code = 'tested';
insert into silence (id, region, max_level, reason, from_at, to_at, made_by)
    select gen_random_uuid(), place, 2, 'works', now(), now() + interval '1 hour', 'x'
    from unnest(array['330106', '33', '3302']) as place;
insert into case_file (id, number, title, source, region, reported_at, reported_by, stage, stage_at, stage_by,
                       stage_due_at, seq, visits, updated_at)
    select gen_random_uuid(), 'case-' || hours, 'Litter', 'entered', %(region)s, now(), 'x', 'accepted', now(), 'x',
           now() + make_interval(hours => hours), 1, 1, now()
    from unnest(array[-1, 1]) as hours;
insert into consumer (code, kind, url, secret, degraded_at)
    values ('sms', 'webhook', 'https://8.8.8.8/x', 'sealed 1 ', now());
"""


@with_fonts
async def test_a_snapshot_names_what_is_unguarded_and_the_log_of_the_shift_is_a_file(desk: Desk) -> None:
    report = {"title": "=cmd() Smoke", "level": "red", "region": REGION}
    alert = (await desk.ask("boss", "POST", "/alerts", **report)).json()["id"]
    shelf = {"minutes": 30, "reason": "welding"}
    (await desk.client.put(f"/alerts/{alert}/shelf", json=shelf)).raise_for_status()
    (await desk.client.post(f"/alerts/{alert}/check", json={"by": "camera", "result": "real"})).raise_for_status()
    with psycopg.connect(desk.context.settings.database.url, autocommit=True) as conn:
        for statement in UNGUARDED.split(";\n")[:-1]:
            conn.execute(statement.encode(), {"region": REGION} if "%(region)s" in statement else None)
    made = await desk.made()
    facts = [(each["kind"], each["facts"].get("device") or each["facts"].get("code")) for each in made["items"]]
    devices = [("offline", "gone"), ("offline", "fixed"), ("offline", "tested")]
    assert sorted(facts, key=str) == sorted(
        [
            ("alert", None),
            ("channel", "sms"),
            ("maintenance", "fixed"),
            ("test", "tested"),
            ("guard", "fine"),
            *[("silence", None)] * 2,
            ("case", None),
            *devices,
        ],
        key=str,
    )
    [first] = [each["facts"] for each in made["items"] if each["kind"] == "alert"]
    assert (first["title"], first["unacknowledged"], first["overdue"]) == ("=cmd() Smoke", False, False)
    assert first["shelved_until"] is not None
    (await desk.ask(desk.new, "POST", f"/handovers/{made['id']}:take")).raise_for_status()
    path = f"/handovers/{made['id']}/log"
    sheet = [*csv.reader(io.StringIO((await desk.client.get(f"{path}.csv?lang=zh")).text.removeprefix("\ufeff")))]
    assert [(line[1], line[2]) for line in sheet[1:]] == [
        (text(f"push.change.{kind}", "zh"), "'=cmd() Smoke")
        for kind in ("raised", "shelved", "checked", "acknowledged")
    ]
    for lang in LANGS:
        made_of = (await desk.client.get(f"{path}.pdf?lang={lang}")).raise_for_status().content
        printed = close("".join(pages(made_of)))
        shielded = text("event.kind.shielded", lang)
        for said in (
            "=cmd() Smoke",
            "pump 3 by hand",
            shielded,
            text("handover.kind.silence", lang),
            text("handover.log", lang),
        ):
            assert close(said) in printed, said
