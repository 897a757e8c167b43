"""Drills in the store: to whom they go, how they are marked, what they are left out of, and what ends them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from api.cap import NAMESPACE
from api.cloudevents import cloudevent
from api.context import Context
from api.push.deliveries import Deliveries
from hub.alerts.alert import Raise
from hub.alerts.fallback_watch import fall
from hub.store.pool import Pool
from tests.integration.test_api_cap import CAP, parsed
from tests.support.alarms import Alarms
from tests.support.served_api import api_context, client_of

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


async def test_what_a_device_under_test_raises_is_its_proof(context: Context, alarms: Alarms) -> None:
    now = datetime.now(UTC)
    before = uuid4()
    assert await alarms.apply(before, "raised", target="before", level=4, at=now.isoformat())
    test = await drill(alarms, "proof_test", "exercise", devices=("gauge-1",))
    late, during = uuid4(), uuid4()
    assert await alarms.apply(before, "updated", level=4, at=now.isoformat())
    assert await alarms.apply(late, "raised", target="late", level=4, at=(now - timedelta(minutes=2)).isoformat())
    assert await alarms.apply(during, "raised", target="during", level=4, at=now.isoformat())
    assert await told(context.hub_pool, before) == await told(context.hub_pool, late) == {"desk"}
    assert await told(context.hub_pool, during) == {"exercise"}
    proofs = await alarms.run("select alert_id, drill_id, event_kind, real_at from proof_test")
    assert proofs == [(during, test, "smoke", None)]
    await alarms.run("update drill set ends_at = now()")
    after = uuid4()
    assert await alarms.apply(after, "raised", target="after", level=4, at=now.isoformat())
    assert await told(context.hub_pool, after) == {"desk"}
