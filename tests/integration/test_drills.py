"""Drills in the store: to whom they go, how they are marked, what they are left out of, and what ends them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from api.cap import NAMESPACE
from api.cloudevents import cloudevent
from api.context import Context
from api.push.deliveries import Deliveries
from api.routes.drill_run import MOST_RUNNING
from hub.access.caller import principal
from hub.access.grants import granted
from hub.access.roles import Role
from hub.alerts.alert import Raise, Step
from hub.alerts.drills import drills
from hub.alerts.fallback_watch import fall
from hub.store.pool import Pool, connect
from tests.integration.test_api_cap import CAP, parsed
from tests.support.alarms import Alarms
from tests.support.process import eventually
from tests.support.served_api import api_context, client_of
from tests.support.two_counties import HIDDEN, INSIDE, two_counties

MARKS = {"zh": "【演练】", "en": "[DRILL] "}


@pytest.fixture
async def context(database: str) -> AsyncIterator[Context]:
    async with api_context(database) as made:
        yield made


@pytest.fixture
async def client(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(context) as made:
        yield made


@pytest.fixture
async def alarms(context: Context) -> Alarms:
    """With a desk that takes everything, a fallback, and a webhook and a follower for exercises."""
    made = Alarms(context.hub_pool)
    await made.seed()
    await made.consumer("desk")
    await made.run(
        """insert into consumer (code, kind, url, secret, filters, fallback, lang) values
           ('duty', 'webhook', 'u', 's', '[]', true, null), ('exercise', 'webhook', 'u', 's', '[]', false, 'zh'),
           ('log', 'kafka', '', '', '[]', false, null)"""
    )
    return made


async def drill(alarms: Alarms, kind: str, *consumers: str, devices: tuple[str, ...] = ()) -> UUID:
    """One that runs for an hour."""
    [(made,)] = await alarms.run(
        """insert into drill (id, kind, name, consumers, begins_at, ends_at, made_by)
           select gen_random_uuid(), %(kind)s, 'autumn', array(select id from consumer where code = any (%(codes)s)),
                  now() - interval '1 min', now() + interval '1 h', 'test' returning id""",
        kind=kind, codes=list(consumers),
    )  # fmt: skip
    await alarms.run(
        "insert into drill_device (drill_id, device_id) select %(id)s, id from device where code = any (%(devices)s)",
        id=made, devices=list(devices),
    )  # fmt: skip
    assert isinstance(made, UUID)
    return made


async def exercise(alarms: Alarms, of: UUID) -> UUID:
    """A red alert of an exercise."""
    alert = uuid4()
    at = datetime.now(UTC) - timedelta(seconds=1)
    raised = Raise(uuid4(), alert, "manual", f"drill:{alert}", "fire in the hall", 4, at, "hub", region="330106001002",
                   event_kind="fire", drill_id=of)  # fmt: skip
    [result] = await alarms.commit([raised])
    assert result.outcome == "applied", result.reason
    return alert


async def over(context: Context, *momentary: str) -> None:
    """What a leader does once a second."""
    async with context.hub_pool.connection() as conn:
        await conn.set_autocommit(True)
        await drills(momentary)(conn)
        await conn.set_autocommit(False)


async def told(pool: Pool, alert: UUID) -> set[str]:
    """Codes of those who are given a change of an alert, or find themselves named in the log."""
    async with pool.connection() as conn:
        rows = await conn.execute(
            """select c.code from outbox o join consumer c on c.id = o.consumer_id where o.alert_id = %(alert)s
               union select c.code from alert_change h join consumer c on c.id = any (h.recipients)
               where h.alert_id = %(alert)s""",
            {"alert": alert},
        )
        return {code for (code,) in await rows.fetchall()}


async def test_an_exercise_goes_to_its_consumers_and_never_to_the_fallback(context: Context, alarms: Alarms) -> None:
    alert = await exercise(alarms, await drill(alarms, "exercise", "exercise", "log"))
    nobody = await exercise(alarms, await drill(alarms, "exercise"))
    assert await told(context.hub_pool, alert) == {"exercise", "log"}
    assert await told(context.hub_pool, nobody) == set()
    await alarms.run("update alert_fallback set due_at = now() - interval '1 s'")
    async with context.hub_pool.connection() as conn:
        assert await fall(conn) == 0
    real = await alarms.raised(level=4)
    assert await told(context.hub_pool, real) == {"desk"}


async def test_what_leaves_the_hub_says_that_it_is_a_drill(
    context: Context, client: httpx.AsyncClient, alarms: Alarms
) -> None:
    alert = await exercise(alarms, await drill(alarms, "exercise", "exercise", "log"))
    [claimed] = await Deliveries(context.hub_pool).claim(10, 10, {}, 30)
    assert claimed.delivery.drill
    assert claimed.delivery.picture["title"] == "【演练】fire in the hall"
    [(kind, seq, at, picture)] = await alarms.run("select kind, seq, at, picture from alert_change")
    event = cloudevent({"alert_id": alert, "kind": kind, "seq": seq, "at": at, "picture": picture})
    assert (event["data"]["drill"], event["data"]["title"]) == (True, "[DRILL] fire in the hall")
    for ceiling in ("L4", "L1"):
        message = parsed((await client.get(f"/alerts/{alert}/cap?ceiling={ceiling}")).content)
        assert message.findtext("status", None, CAP) == "Exercise"
        for name in ("headline", "event", "description"):
            texts = [each.text or "" for each in message.iter(f"{{{NAMESPACE}}}{name}")]
            assert [text.startswith(mark) for text, mark in zip(texts, MARKS.values(), strict=True)] == [True, True]
    for lang, mark in MARKS.items():
        feed = await client.get("/alerts/feed.atom", headers={"accept-language": lang})
        assert f"<title>{mark}fire in the hall</title>" in feed.text
        shown = (await client.get(f"/alerts/{alert}", params={"lang": lang})).json()
        assert (shown["drill"], shown["title"]) == (True, f"{mark}fire in the hall")


async def test_lists_and_counts_leave_drills_out(client: httpx.AsyncClient, alarms: Alarms) -> None:
    alert = await exercise(alarms, await drill(alarms, "exercise"))
    real = await alarms.raised(level=4)

    async def listed(**params: str) -> list[str]:
        return [each["id"] for each in (await client.get("/alerts", params=params)).json()["items"]]

    assert await listed() == await listed(drill="false", active="true") == [str(real)]
    assert await listed(drill="true") == [str(alert)]
    assert sorted(await listed(drill="any")) == sorted([str(real), str(alert)])
    assert (await client.get("/alerts", params={"drill": "perhaps"})).status_code == 422
    assert (await client.get("/status")).json()["alerts"]["red"] == 1
    asked = (await client.post("/routing:try", json={"alert": str(alert)})).json()["items"]
    assert {each["consumer"]: each["gets"] for each in asked} == dict.fromkeys(
        ("desk", "duty", "exercise", "log"), False
    )


async def test_what_a_device_under_test_raises_is_its_proof(
    context: Context, client: httpx.AsyncClient, alarms: Alarms
) -> None:
    now = datetime.now(UTC)
    before = uuid4()
    assert await alarms.apply(before, "raised", target="before", level=4, at=now.isoformat())
    test = await drill(alarms, "proof_test", "exercise", devices=("gauge-1",))
    late, during = uuid4(), uuid4()
    assert await alarms.apply(before, "updated", level=4, at=now.isoformat())
    assert await alarms.apply(late, "raised", target="late", level=4, at=(now - timedelta(minutes=2)).isoformat())
    assert await alarms.apply(during, "raised", target="during", level=4, at=now.isoformat())
    assert await told(context.hub_pool, before) == await told(context.hub_pool, late) == {"desk"}
    assert await told(context.hub_pool, during) == {"exercise", "duty"}, "red: it may be a fire"
    orange = uuid4()
    assert await alarms.apply(orange, "raised", target="orange", level=3, at=now.isoformat())
    assert await told(context.hub_pool, orange) == {"exercise"}
    assert await alarms.apply(orange, "updated", level=4, at=now.isoformat())
    assert await alarms.apply(orange, "cleared", at=now.isoformat())
    heard = await alarms.run(
        """select o.seq, o.why, h.picture ->> 'title', o.state from outbox o join alert_change h on h.id = o.change_id
           join consumer c on c.id = o.consumer_id where c.code = 'duty' and o.alert_id = %(alert)s order by o.seq""",
        alert=orange,
    )
    assert heard == [(seq, "tested", "[DRILL] a title", "pending") for seq in (2, 3)]
    routes = (await client.post("/routing:try", json={"alert": str(during)})).json()["items"]
    assert {each["consumer"] for each in routes if each["gets"]} == {"exercise", "duty"}
    await alarms.run("delete from proof_test where alert_id = %(alert)s", alert=orange)
    proofs = await alarms.run("select alert_id, drill_id, event_kind, real_at from proof_test")
    assert proofs == [(during, test, "smoke", None)]
    await alarms.run("update drill set ends_at = now()")
    after = uuid4()
    assert await alarms.apply(after, "raised", target="after", level=4, at=now.isoformat())
    assert await told(context.hub_pool, after) == {"desk"}


async def test_what_turns_red_under_test_is_told_as_if_it_were_real_where_there_is_no_fallback(
    context: Context, client: httpx.AsyncClient, alarms: Alarms
) -> None:
    await alarms.run("update consumer set fallback = false")
    await drill(alarms, "proof_test", "exercise", devices=("gauge-1",))
    red, orange = uuid4(), uuid4()
    for alert, level in ((red, 4), (orange, 3)):
        await alarms.apply(alert, "raised", target=str(alert), level=level, at=datetime.now(UTC).isoformat())
    assert await told(context.hub_pool, red) == {"exercise", "desk"}, "never nobody but who tests"
    assert await told(context.hub_pool, orange) == {"exercise"}
    routes = (await client.post("/routing:try", json={"alert": str(red)})).json()["items"]
    assert {each["consumer"] for each in routes if each["gets"]} == {"exercise", "desk"}
    await alarms.run(
        """insert into silence (id, region, max_level, reason, from_at, to_at, made_by, approved_by, approved_at)
           values (gen_random_uuid(), '33', 4, 'works', now() - interval '1 min', now() + interval '1 h', 'a', 'b',
                   now())"""
    )
    silenced = uuid4()
    await alarms.apply(silenced, "raised", target="silenced", level=4, at=datetime.now(UTC).isoformat())
    states = (
        "select state from outbox join consumer c on c.id = consumer_id where c.code = 'desk' and alert_id = %(id)s"
    )
    assert await alarms.run(states, id=silenced) == [("silenced",)], "as a real one would be"


async def test_a_chain_begins_with_what_is_real_and_not_with_a_drill(
    context: Context, client: httpx.AsyncClient, alarms: Alarms
) -> None:
    chain = {"steps": [{"wait_s": 1, "consumers": ["desk"]}]}
    (await client.put("/chains/all", json=chain)).raise_for_status()
    await exercise(alarms, await drill(alarms, "exercise", "exercise"))
    await drill(alarms, "proof_test", "exercise", devices=("gauge-1",))
    proof = uuid4()
    await alarms.apply(proof, "raised", target="t", level=4, at=datetime.now(UTC).isoformat())
    assert await alarms.run("select alert_id from escalation") == [], "it wakes nobody who was not asked to take part"
    await alarms.run("update drill set ends_at = now()")
    await over(context)
    begun = await alarms.run("select alert_id, chain, round, step, due_at > now() from escalation")
    assert begun == [(proof, "all", 1, 0, True)], "what lasts is real from then on, and its first wait begins then"


async def test_what_lasts_when_a_test_is_over_is_told_as_real(
    context: Context, client: httpx.AsyncClient, alarms: Alarms
) -> None:
    """Whatever a desk did about it meanwhile; what is over is closed, in whichever order leaders see to it."""
    now = datetime.now(UTC).isoformat()
    await alarms.run("update consumer set filters = '[]' where code = 'desk'")
    await drill(alarms, "proof_test", "exercise", devices=("gauge-1",))
    lasting, acknowledged, closed, gone = [uuid4() for _ in range(4)]
    for alert in (lasting, acknowledged, closed, gone):
        assert await alarms.apply(alert, "raised", target=str(alert), level=4, at=now)
    await alarms.apply(acknowledged, "acknowledged")
    await alarms.apply(closed, "false_alarm")
    await alarms.apply(gone, "cleared", at=now)
    await over(context)
    assert await alarms.run("select real_at from proof_test where real_at is not null") == [], "it is not over"
    await alarms.run("update drill set ends_at = now() - interval '1 ms'")
    await asyncio.gather(over(context), over(context))
    rows = await alarms.run("select id, drill_id is null, handling, title from alert")
    found = {id_: told for id_, *told in rows}
    assert found[lasting] == found[acknowledged] == found[closed] == [True, "open", "a title"]
    assert found[gone] == [False, "closed", "[DRILL] a title"]
    for alert in (lasting, acknowledged, closed):
        changes = await alarms.run(
            "select kind, picture -> 'drill' from alert_change where alert_id = %(alert)s order by seq desc limit 1",
            alert=alert,
        )
        assert changes == [("updated", False)]
        assert "duty" in await told(context.hub_pool, alert), "nobody else takes it: the fallback consumer has it"
        newest = await alarms.run(
            """select c.code from outbox o join consumer c on c.id = o.consumer_id
               where o.alert_id = %(alert)s and o.seq = (select max(seq) from outbox where alert_id = %(alert)s)
               order by 1""",
            alert=alert,
        )
        assert newest == [("duty",), ("exercise",)], "who was told of a drill hears that it is none"
    message = parsed((await client.get(f"/alerts/{acknowledged}/cap")).content)
    said = [message.findtext(name, None, CAP) for name in ("status", "msgType", "references")]
    assert said == ["Actual", "Alert", None], "whoever left out what was an exercise takes this as the first"
    assert await told(context.hub_pool, gone) == {"exercise", "duty"}
    assert await alarms.run("select count(real_at), count(*) from proof_test") == [(3, 4)]
    assert await alarms.run("select over from drill_device") == [(True,)]


async def test_a_leader_that_is_killed_while_it_ends_a_test_loses_nothing(
    context: Context, alarms: Alarms, database: str
) -> None:
    await drill(alarms, "proof_test", devices=("gauge-1",))
    alert = uuid4()
    await alarms.apply(alert, "raised", target="t", level=4, at=datetime.now(UTC).isoformat())
    await alarms.run("update drill set ends_at = now() - interval '1 ms'")
    async with alarms.pool.connection() as holding, holding.transaction():
        await holding.execute("select alert_id from proof_test for update")  # what it writes last waits for this
        async with await connect(database) as victim:
            working = asyncio.ensure_future(drills(())(victim))

            async def waits() -> bool:
                return bool(await alarms.run("select 1 from pg_stat_activity where wait_event_type = 'Lock'"))

            await eventually(waits, "it is in the middle")
            await alarms.run("select pg_terminate_backend(%(pid)s)", pid=victim.info.backend_pid)
            with pytest.raises(psycopg.Error):
                await working
    assert await told(context.hub_pool, alert) == {"duty"}
    await over(context)
    assert await told(context.hub_pool, alert) == {"desk", "duty"}
    assert await alarms.run("select seq from alert") == [(2,)]


async def test_the_word_of_a_desk_is_enough_about_what_has_no_end(context: Context, alarms: Alarms) -> None:
    await alarms.run("update rule set event_kind = 'manual_alarm'")
    await drill(alarms, "proof_test", devices=("gauge-1",))
    closed, lasting = uuid4(), uuid4()
    for alert in (closed, lasting):
        await alarms.apply(alert, "raised", target=str(alert), level=4, at=datetime.now(UTC).isoformat())
    await alarms.apply(closed, "false_alarm")
    await alarms.run("update drill set ends_at = now() - interval '1 ms'")
    await over(context, "manual_alarm")
    rows = dict(await alarms.run("select id, drill_id is null from alert"))
    assert (rows[closed], rows[lasting]) == (False, True)


async def test_nothing_of_a_test_that_is_over_holds_its_target(context: Context, alarms: Alarms) -> None:
    await alarms.run("update rule set event_kind = 'manual_alarm'")
    await drill(alarms, "proof_test", devices=("gauge-1",))
    closed, pressed, again = [uuid4() for _ in range(3)]
    await alarms.apply(closed, "raised", target="button", level=4, at=datetime.now(UTC).isoformat())
    await alarms.apply(closed, "false_alarm")
    await alarms.run("update drill set ends_at = now() - interval '1 ms'")
    await over(context, "manual_alarm")
    [refused] = await alarms.commit([Step(uuid4(), closed, "reopened", "desk")])
    assert (refused.outcome, "of a drill that is over" in refused.reason) == ("refused", True)
    assert await alarms.apply(pressed, "raised", target="button", level=4, at=datetime.now(UTC).isoformat())
    assert await told(context.hub_pool, pressed) == {"desk"}
    await alarms.apply(pressed, "cleared")
    await alarms.run("update alert set handling = 'open' where id = %(alert)s", alert=closed)  # by an older hub
    await over(context, "manual_alarm")
    assert await alarms.run("select drill_id from alert where id = %(alert)s", alert=closed) == [(None,)]
    assert not await alarms.apply(again, "raised", target="button", level=4, at=datetime.now(UTC).isoformat())
    assert await told(context.hub_pool, closed) == {"desk", "duty"}, "the hub holds it as real, and told so"


async def test_a_newer_alert_of_its_target_does_not_keep_a_test_from_its_end(context: Context, alarms: Alarms) -> None:
    await drill(alarms, "proof_test", devices=("gauge-1",))
    now = datetime.now(UTC)
    twice, closed, newer = [[uuid4(), uuid4()] for _ in range(2)], uuid4(), uuid4()
    for number, pair in enumerate(twice):
        for alert in pair:
            await alarms.apply(alert, "raised", target=str(number), level=4, at=now.isoformat())
            await alarms.apply(alert, "false_alarm")
    await alarms.apply(closed, "raised", target="t", level=4, at=now.isoformat())
    await alarms.apply(closed, "false_alarm")
    await alarms.run("update drill set ends_at = now() - interval '1 ms'")
    await alarms.apply(newer, "raised", target="t", level=4, at=datetime.now(UTC).isoformat())
    await over(context)
    assert await alarms.run("select over_at is not null from drill") == [(True,)]
    rows = dict(await alarms.run("select id, drill_id is null from alert"))
    assert (rows[closed], rows[newer]) == (False, True)
    assert [sorted(rows[alert] for alert in pair) for pair in twice] == [[False, True]] * 2
    assert await alarms.run("select count(real_at) from proof_test") == [(2,)]


async def test_a_line_that_cannot_be_raised_says_why_and_holds_up_no_other(
    context: Context, client: httpx.AsyncClient, alarms: Alarms
) -> None:
    await alarms.run(
        """create function no_flood() returns trigger language plpgsql as
               $$ begin if new.title like '%%flood' then raise exception 'no flood here'; end if; return new; end $$;
           create trigger no_flood before insert on alert for each row execute function no_flood()"""
    )
    alerts = [FIRE, {**FIRE, "title": "flood"}, {**FIRE, "title": "smoke"}]
    body = {"name": "n", "consumers": ["exercise"], "ends_at": soon(hours=1), "alerts": alerts}
    made = (await client.post("/drills", json=body)).json()
    for _ in range(2):
        await over(context)
    shown = (await client.get(f"/drills/{made['id']}")).json()
    assert [bool(each["raised_at"]) for each in shown["alerts"]] == [True, False, True]
    assert [each["error"] for each in shown["alerts"]] == [None, "RaiseException: no flood here", None]
    assert (shown["done"], shown["size"]) == (2, 3)


FIRE = {"title": "Fire in the hall", "level": "red", "region": "330106001002", "event_kind": "fire"}


def soon(**later: float) -> str:
    return (datetime.now(UTC) + timedelta(**later)).isoformat()


async def test_an_exercise_from_its_beginning_to_its_result(
    context: Context, client: httpx.AsyncClient, alarms: Alarms
) -> None:
    alerts = [FIRE, {**FIRE, "title": "Smoke", "device": "gauge-1", "region": None}, {**FIRE, "delay_s": 1800}]
    body = {"name": "autumn", "consumers": ["exercise", "log"], "ends_at": soon(hours=1), "alerts": alerts}
    made = (await client.post("/drills", json=body)).json()
    assert (made["state"], made["size"], made["done"], made["consumers"]) == ("running", 3, 0, ["exercise", "log"])
    await over(context)
    await over(context)
    shown = (await client.get(f"/drills/{made['id']}")).json()
    first, second, third = shown["alerts"]
    assert (shown["done"], third["raised_at"]) == (2, None)
    raised = (await client.get(f"/alerts/{second['alert']}")).json()
    assert (raised["device"], raised["title"], raised["drill"]) == ("gauge-1", "[DRILL] Smoke", True)
    for claimed in await Deliveries(context.hub_pool).claim(10, 10, {}, 30):
        await Deliveries(context.hub_pool).delivered(claimed, "ok", 12)
    await client.post(f"/alerts/{first['alert']}/steps", json={"to": "acknowledged", "actor": "desk 2"})
    await client.post(f"/alerts/{first['alert']}/steps", json={"to": "dispatched"})
    result = (await client.get(f"/drills/{made['id']}/result")).json()
    assert [(each["alert"], each["consumer"], each["state"]) for each in result] == [
        (first["alert"], "exercise", "delivered"), (first["alert"], "log", "pending"),
        (second["alert"], "exercise", "delivered"), (second["alert"], "log", "pending"),
    ]  # fmt: skip
    assert result[0]["acknowledged_by"] == "desk 2"
    assert 0 <= result[0]["accepted_s"] < result[0]["acknowledged_s"] + 60
    assert (result[2]["acknowledged_by"], result[1]["accepted_s"]) == (None, None)
    lines = (await client.get(f"/drills/{made['id']}/result", params={"format": "csv"})).text.splitlines()
    assert len(lines) == 5
    assert (await client.post(f"/drills/{made['id']}:end")).json()["state"] == "ending"
    assert (await client.post(f"/drills/{made['id']}:end")).status_code == 409
    await over(context)
    ended = [(await client.get(f"/alerts/{each['alert']}")).json() for each in (first, second)]
    assert [each["handling"] for each in ended] == ["closed", "closed"]
    assert (
        ended[0]["changes"][-1]["note"] == "the drill is over" or ended[0]["changes"][0]["note"] == "the drill is over"
    )
    assert (await client.get("/drills", params={"state": "over"})).json()["items"][0]["id"] == made["id"]
    assert (await client.get(f"/alerts/{third['alert']}")).status_code == 404
    again = await client.post(f"/alerts/{first['alert']}/steps", json={"to": "reopened"})
    assert (again.status_code, "of a drill" in again.text) == (409, True)


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"ends_at": soon(hours=25)}, "ends_at"),
        ({"ends_at": soon(minutes=-1)}, "ends_at"),
        ({"begins_at": soon(days=40), "ends_at": soon(days=40, hours=1)}, "begins_at"),
        ({"consumers": ["nobody"]}, "consumers.0"),
        ({"alerts": []}, "alerts"),
        ({"alerts": [{**FIRE, "delay_s": 7200}]}, "alerts.0.delay_s"),
        ({"alerts": [{**FIRE, "device": "gauge-1"}]}, "alerts"),
        ({"alerts": [{**FIRE, "organisation": "nobody"}]}, "alerts.0.organisation"),
    ],
)
async def test_an_exercise_that_cannot_be_says_why(
    client: httpx.AsyncClient, alarms: Alarms, change: dict[str, object], member: str
) -> None:
    body = {"name": "autumn", "consumers": ["exercise"], "ends_at": soon(hours=1), "alerts": [FIRE]}
    refused = await client.post("/drills", json=body | change)
    assert (refused.status_code, member in refused.text) == (422, True), refused.text
    assert (await client.get("/drills")).json()["items"] == []


async def test_a_test_of_devices_from_its_beginning_to_its_end(
    context: Context, client: httpx.AsyncClient, alarms: Alarms
) -> None:
    await alarms.run("update profile set test_every_days = 30")
    await alarms.run("update device set created_at = now() - interval '31 days', state = 'active'")
    overdue = (await client.get("/device-tests/overdue")).json()["items"]
    assert [(each["device"], each["last_at"]) for each in overdue] == [("gauge-1", None)]
    counts = (await client.get("/device-tests/overdue/counts")).json()["items"]
    assert counts == [{"profile": "gauge", "test_every_days": 30, "devices": 1, "overdue": 1, "never": 1}]
    body = {"devices": ["gauge-1", "gauge-1"], "reason": "monthly", "until": soon(hours=1), "consumers": ["exercise"]}
    assert (await client.post("/device-tests", json={**body, "devices": ["none"]})).status_code == 404
    assert (await client.post("/device-tests", json={**body, "until": soon(hours=25)})).status_code == 422
    made = (await client.post("/device-tests", json=body)).json()
    assert [(each["device"], each["result"]) for each in made["devices"]] == [("gauge-1", "waiting")]
    again = await client.post("/device-tests", json=body)
    assert (again.status_code, "gauge-1 is in another test until" in again.text) == (409, True)
    again = await client.post("/device-tests", json=body, headers={"accept-language": "zh-CN"})
    assert "gauge-1 正处于另一项测试中" in again.json()["detail"]
    late = await client.post(
        "/device-tests?lang=zh", json={**body, "until": soon(hours=25)}, headers={"accept-language": "zh"}
    )
    assert late.json()["errors"][0]["problem"].endswith("最多晚 24 小时")
    alert = uuid4()
    await alarms.apply(alert, "raised", target="t", level=4, at=datetime.now(UTC).isoformat())
    for claimed in await Deliveries(context.hub_pool).claim(10, 10, {}, 30):
        await Deliveries(context.hub_pool).delivered(claimed, "ok", 12)
    shown = (await client.get(f"/device-tests/{made['id']}")).json()
    [proof] = shown["devices"][0]["proofs"]
    assert (shown["done"], shown["devices"][0]["result"], proof["alert"]) == (1, "passed", str(alert))
    assert (proof["answered"], proof["unanswered"], proof["real_at"]) == (["duty", "exercise"], [], None)
    assert 0 <= proof["delay_s"] < 60
    assert (await client.get("/device-tests/overdue")).json()["items"] == []
    [result] = (await client.get(f"/device-tests/{made['id']}/result")).json()
    assert (result["device"], result["consumer"], result["state"]) == ("gauge-1", "exercise", "delivered")
    assert (await client.post(f"/device-tests/{made['id']}:end")).json()["state"] == "ending"
    await over(context)
    assert await told(context.hub_pool, alert) == {"exercise", "duty", "desk"}
    assert (await client.post("/device-tests", json={**body, "consumers": []})).status_code == 201


async def test_a_county_names_its_own_consumers_and_ends_what_it_sees_whole(database: str) -> None:
    async with two_counties(database) as city:
        async with city.pool.connection() as conn:
            await conn.execute(
                """insert into consumer (code, kind, url, secret, filters, owner) values
                   ('mine', 'webhook', 'u', 's', '[]', 'eco-a'), ('theirs', 'webhook', 'u', 's', '[]', 'eco-b'),
                   ('all', 'webhook', 'u', 's', '[]', null)"""
            )
        fire = {"title": "Fire", "level": "red", "device": "seen-1"}
        body = {"name": "autumn", "consumers": [], "ends_at": soon(hours=1), "alerts": [fire]}
        wide = {**body, "consumers": ["theirs"], "alerts": [fire, {**fire, "device": HIDDEN}]}
        made = (await city.client.post("/api/v1/drills", json=wide)).json()
        city.door.now = principal(uuid4(), "person", "li.wei", (granted(Role.OPERATOR, region=INSIDE),), "eco-a")
        end = await city.client.post(f"/api/v1/drills/{made['id']}:end")
        assert (end.status_code, "ask who made it" in end.text) == (403, True), end.text
        seen = (await city.client.get(f"/api/v1/drills/{made['id']}")).json()
        assert (seen["state"], seen["consumers"]) == ("running", []), "who is told is not for everybody"

        told = []
        for code in ("theirs", "all", "probe", "nobody"):
            refused = await city.client.post("/api/v1/drills", json={**body, "consumers": [code]})
            told.append((refused.status_code, refused.text.replace(code, "x")))
        assert (told[0][0], len(set(told))) == (422, 1), told
        mine = (await city.client.post("/api/v1/drills", json={**body, "consumers": ["mine"]})).json()
        assert (mine["consumers"], "principal:" in str(mine["made_by"])) == (["mine"], False)
        for _ in range(MOST_RUNNING - 1):
            (await city.client.post("/api/v1/drills", json=body)).raise_for_status()
        more = await city.client.post("/api/v1/drills", json=body)
        assert (more.status_code, "end one first" in more.text) == (409, True), more.text
        assert (await city.client.post(f"/api/v1/drills/{mine['id']}:end")).json()["state"] == "ending"
        many = {**body, "alerts": [fire] * 200}
        assert (await city.client.post("/api/v1/drills", json=many)).status_code == 201
