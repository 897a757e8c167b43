"""A database of an earlier version is brought to the newest schema, and what it held reads back."""

from typing import Any

import psycopg

from hub.alerts.transitions import possible
from hub.store.migrate import migrate
from hub.store.schema import check_schema
from tests.support.old_schema import migrate_to
from tests.support.served_api import api_context, client_of

BEFORE = 10
"""The last migration of version 0.1."""

SEED = """
insert into profile (code, name, metrics) values ('air', 'Air', '{"pm25": {"name": "PM2.5", "unit": "ug/m3"}}');
insert into device (code, name, profile_id, region) values ('air-0', '空气站', 1, '330106001002');
insert into rule (code, name, profile_id, metric, direction, thresholds)
    values ('pm25-high', 'PM2.5 high', 1, 'pm25', 'above', '{"blue": 75, "red": 250}');
insert into consumer (code, url, secret) values ('desk', 'http://127.0.0.1:9/', 'whsec_AAAA');
"""
COURSES = {
    "open": [],
    "acknowledged": ["acknowledged"],
    "dispatched": ["acknowledged", "dispatched"],
    "handled": ["acknowledged", "dispatched", "handled"],
    "verified": ["acknowledged", "dispatched", "handled", "verified"],
    "closed": ["acknowledged", "closed"],
    "false_alarm": ["false_alarm"],
    "cleared": ["cleared"],
    "acknowledged over": ["acknowledged", "cleared"],
    "closed over": ["cleared", "closed"],
}
"""By target: what happened to the alert after it was raised."""
APPLY = """
select alert_apply(gen_random_uuid(), %(alert)s, %(kind)s, %(at)s, null, %(note)s, r.id, %(target)s, d.id, s.id,
                   'PM2.5 above 250', %(level)s::int, 260, 250)
from rule r, device d join series s on s.device_id = d.id
"""


def filled(url: str, mode: str) -> None:
    """A database of before, with an alert in every state."""
    migrate_to(url, mode, BEFORE)
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as conn:
        for statement in SEED.split(";\n"):
            conn.execute(statement.encode())
        for target, course in COURSES.items():
            row = conn.execute("select gen_random_uuid()").fetchone()
            assert row is not None
            values = {"alert": row[0], "target": target, "level": 3, "at": "2026-01-01T00:00:00Z", "note": None}
            conn.execute(APPLY, {**values, "kind": "raised"})
            for kind in course:
                more = {} if kind == "cleared" else {"note": "去看看", "level": None, "at": None}
                conn.execute(APPLY, {**values, "at": "2026-01-01T00:10:00Z", **more, "kind": kind})
        conn.execute("update outbox set state = 'delivered', attempts = 1, settled_at = now() where id % 2 = 0")


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, options="-c timezone=UTC") as conn:
        return conn.execute(query.encode()).fetchall()


KEPT = (
    """select id, rule_id, target, device_id, series_id, region, title, level, peak_level, state, value, threshold,
              opened_at, cleared_at, changed_at, raised_at, updated_at, seq from alert order by id""",
    "select cursor, id, alert_id, seq, kind, at, actor, note, picture from alert_change order by cursor",
    """select id, change_id, alert_id, seq, consumer_id, state, attempts, next_at, last_error, created_at, settled_at
       from outbox order by id""",
    "select id, code, kind, url, secret, enabled from consumer",
    """select id, code, name, profile_id, metric, direction, thresholds, hysteresis, hold_s, event_kind, event_level,
       enabled, revision from rule""",
)


async def test_alerts_of_every_state_read_back(empty_url: str, store_mode: str) -> None:
    filled(empty_url, store_mode)
    before = [rows(empty_url, query) for query in KEPT]
    assert len(before[0]) == len(COURSES)

    assert await migrate(empty_url) == store_mode
    assert await check_schema(empty_url) == store_mode
    assert [rows(empty_url, query) for query in KEPT] == before
    found = rows(empty_url, "select target, handling, cleared_at is not null from alert")
    axes = {target: (handling, cleared) for target, handling, cleared in found}
    assert axes == {
        **{target: (target, False) for target in list(COURSES)[:7]},
        "cleared": ("open", True),
        "acknowledged over": ("acknowledged", True),
        "closed over": ("closed", True),
    }


async def test_an_address_with_a_fragment_may_be_set_again_and_codes_have_their_index(
    empty_url: str, store_mode: str
) -> None:
    """The index was in 0026 for a while: some databases have it, and some have passed by it."""
    migrate_to(empty_url, store_mode, 26)
    with psycopg.connect(empty_url, autocommit=True) as conn:
        conn.execute("insert into consumer (code, url, secret) values ('a', 'http://h/a?b=c#x#y', 'whsec_AAAA')")
    for _ in range(2):
        await migrate(empty_url)
        assert rows(empty_url, "select url, query from consumer") == [("http://h/a?***", "b=c")]
        assert rows(empty_url, "select 1 from pg_indexes where indexname = 'device_code_folded'") == [(1,)]
        with psycopg.connect(empty_url, autocommit=True) as conn:
            conn.execute("delete from schema_migration where version = 28")  # and the index is there


async def test_the_api_goes_on_where_it_was(empty_url: str, store_mode: str) -> None:
    filled(empty_url, store_mode)
    await migrate(empty_url)
    targets = dict(rows(empty_url, "select target, id::text from alert"))
    async with api_context(empty_url) as context, client_of(context) as client:
        for target, (state, condition) in {
            "open": ("open", "active"),
            "cleared": ("cleared", "cleared"),
            "acknowledged over": ("acknowledged", "cleared"),
            "closed": ("closed", "active"),
        }.items():
            alert = (await client.get(f"/alerts/{targets[target]}")).json()
            assert (alert["state"], alert["condition"]) == (state, condition)
            assert alert["steps"] == possible(alert["handling"], condition == "cleared", "alerts:step")
            assert [change["kind"] for change in alert["changes"]] == ["raised", *COURSES[target]]
            assert len(alert["deliveries"]) == len(COURSES[target]) + 1
        active = (await client.get("/alerts", params={"active": True})).json()["items"]
        assert len(active) == 5
        for to in ("acknowledged", "closed"):
            taken = await client.post(f"/alerts/{targets['cleared']}/steps", json={"to": to})
            assert taken.status_code == 200, taken.text
        assert (taken.json()["state"], taken.json()["changes"][-1]["state"]) == ("closed", "closed")


async def test_the_limits_of_consumers_become_their_filter(empty_url: str, store_mode: str) -> None:
    migrate_to(empty_url, store_mode, 43)
    with psycopg.connect(empty_url, autocommit=True) as conn:
        conn.execute("insert into organisation (code, name) values ('parks', 'Parks')")
        conn.execute("insert into area (code, name) values ('basin', 'Basin')")
        conn.execute(
            """insert into consumer (code, url, secret, min_level, region, organisation, category, area) values
               ('all', 'http://h/', 's', 1, null, null, null, null),
               ('some', 'http://h/', 's', 3, '3301', 'parks', 'fire', 'basin')"""
        )
    await migrate(empty_url)
    some = {"min_level": 3, "region": "3301", "organisation": "parks", "category": "fire", "area": "basin"}
    assert rows(empty_url, "select filters, owner from consumer order by code") == [([{}], None), ([some], None)]
