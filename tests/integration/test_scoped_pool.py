"""The schema `scoped`: a view for each table of things that have a place, and the keys by which they are seen."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.errors import InvalidTextRepresentation, UndefinedObject

from hub.access.scope import DIGITS, Scope, key_of
from hub.access.scoped_pool import ScopedPool, unreached
from hub.settings import Database
from hub.store.pool import Pool, open_pool

FOR_ALL = {
    *(
        "access_grant",
        "area",
        "audit",
        "audit_chain",
        "audit_seal",
        "audit_sink",
        "audit_unsealed",
        "chain",
        "consumer",
    ),
    *("organisation", "principal", "profile", "profile_version", "code_table"),
    *("data_share", "share_use", "account", "api_key", "client_certificate", "login_session", "contact"),
    *("oidc_identity", "oidc_login", "sealed_only"),
    *("case_stage_time", "case_tally", "indicator_set", "provisioning_key", "region", "rule", "rule_version"),
    "schema_migration",
    *(
        "alert_cause",
        "alert_ending",
        "alert_grouping",
        "inhibition",
        "fusion_rule",
        "fusion_position",
        "alert_position",
        "path_round",
        "arrival",
        "catalogue_count",
        "catalogue_unheard",
        "commit_turn",
        "dead_letter_turn",
    ),
    *("import_progress", "kafka_offset", "latest_note", "listening", "mqtt_session", "rollup_rebuild"),
    *("alert_fallback", "border", "calendar_day", "routing_revision", "warning_delivery", "warning_source"),
    "case_delivery",
    *("case_table", "case_category", "case_deadline", "case_rule", "case_rule_position"),
    "outside_system",
    *("forward_target", "forward_position", "forward_report", "forward_grant"),
    *("forward_registration", "forward_subscription", "forward_channel"),
    *("push_subscription", "push_sender", "push_listening", "network_listening", "network_sender"),
    *("diode_chain", "diode_file", "diode_aside", "diode_beside", "diode_sender"),
    *("session_holder", "event_replaced", "reading_replaced"),
    *("detector_state", "rule_pending", "rule_withheld", "rule_flap", "rule_flat", "reordering", "expression_judged"),
    *("reading", "reading_1d", "reading_1h", "reading_1m"),
}
"""Tables without a view: what is the same for all; what routes reach with a permission for the whole hub only, or not
at all; and readings, which are reached through their series."""


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=database)) as opened:
        yield opened


async def names(pool: Pool, statement: str) -> set[str]:
    async with pool.connection() as conn:
        return {name for (name,) in await (await conn.execute(statement.encode())).fetchall()}


async def test_each_table_is_scoped_or_for_all(pool: Pool) -> None:
    tables = await names(
        pool,
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') "
        "and not relispartition",
    )
    views = await names(pool, "select viewname::text from pg_views where schemaname = 'scoped'")
    assert tables - views - FOR_ALL == set(), "who may see it? give it a view in the schema scoped, or name it above"
    assert views - tables == {"catalogue", "catalogue_state", "maintained"}


async def test_a_view_has_the_columns_of_its_table(pool: Pool) -> None:
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select table_name, table_schema, array_agg(column_name::text order by ordinal_position)
               from information_schema.columns
               where table_schema in ('public', 'scoped', 'cut') group by 1, 2"""
        )
        columns = {(table, schema): found for table, schema, found in await cursor.fetchall()}
    views = [each for each in columns if each[1] != "public" and each != ("alert_sight", "cut")]
    assert {each for each in views if columns[each] != columns[each[0], "public"]} == set()


ORGANISATIONS = st.none() | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,9}", fullmatch=True)
REGIONS = st.none() | st.from_regex(r"[0-9]{12}", fullmatch=True)


@given(organisation=ORGANISATIONS, region=REGIONS)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_a_thing_has_the_key_of_each_grant_that_reaches_it(
    pool: Pool, organisation: str | None, region: str | None
) -> None:
    async with pool.connection() as conn:
        found = await (await conn.execute("select scope_keys(%s, %s, '{o/@b}')", (organisation, region))).fetchone()
    places = [None, *(region[:digits] for digits in DIGITS if region)]
    limits = {(given, place) for given in (None, organisation) for place in places}
    assert found is not None
    assert set(found[0]) == {key_of(given, place, None) for given, place in limits} | {"o/@b"}


CELL = """
insert into area (code, name, kind, ring)
values ('cell', 'c', 'grid', '(120.4,30.4),(120.6,30.4),(120.6,30.6),(120.4,30.6)')"""
DEVICES = """
with p as (insert into profile (code, name) values ('p', 'p') returning id),
o as (insert into organisation (code, name) values ('eco', 'Eco'))
insert into device (code, name, profile_id, organisation, region, lon, lat)
select code, code, p.id, organisation, region, lon, lat
from p, (values ('a', 'eco', '330110001000', 120.0, 30.0), ('b', null, '330110002000', 121.0, 30.0),
                ('c', 'eco', '330106001000', 120.5, 30.5), ('d', null, null, null, null))
     as t (code, organisation, region, lon, lat)"""


@pytest.mark.parametrize(
    ("keys", "seen"),
    [
        (["/33"], "abc"),
        (["/330110"], "ab"),
        (["eco/"], "ac"),
        (["eco/330110"], "a"),
        (["/330106", "/330110002"], "bc"),
        (["/@east"], "b"),
        (["/@both"], "bc"),
        (["eco/@both"], "c"),
        (["/3301100"], ""),
        (["/"], "abcd"),
        ([], ""),
    ],
)
async def test_a_grant_reaches_its_place(pool: Pool, keys: list[str], seen: str) -> None:
    async with pool.connection() as conn:
        await conn.execute(CELL.encode())
        await conn.execute("insert into area (code, name, divisions) values ('east', 'e', '{330110002}')")
        await conn.execute(
            "insert into area (code, name, divisions, cells) values ('both', 'b', '{330110002}', '{cell}')"
        )
        await conn.execute(DEVICES.encode())
    scoped = ScopedPool(pool, Scope(frozenset(keys)))
    async with scoped.connection() as conn:
        found = await (await conn.execute("select code from device order by code")).fetchall()
    assert "".join(code for (code,) in found) == seen
    assert await unreached(pool, Scope(frozenset(keys)), list("abcd")) == [each for each in "abcd" if each not in seen]
    async with pool.connection() as conn:
        assert await (await conn.execute("select count(*) from device")).fetchone() == (4,), "the limit has ended"


async def test_a_summary_is_seen_by_who_sees_all_places(pool: Pool) -> None:
    """It names alerts of all places, and belongs to none."""
    scope = "select set_config('ganzhi.scope', %(keys)s, false), set_config('ganzhi.whole', %(keys)s, false)"
    async with pool.connection() as conn:
        await conn.execute(
            """with c as (
                   insert into public.consumer (code, url, secret, filters) values ('c', 'u', 's', '[]') returning id)
               insert into public.outbox (alert_id, seq, consumer_id, after_cursor, until_cursor)
               select gen_random_uuid(), 1, id, 0, 9 from c"""
        )
        await conn.execute("select set_config('ganzhi.shares', '{}', false)")
        for keys, seen in (("{/}", 1), ("{/33}", 0), ("{eco/}", 0)):
            await conn.execute(scope, {"keys": keys})
            assert await (await conn.execute("select count(*) from scoped.outbox")).fetchone() == (seen,), keys


async def test_without_a_scope_the_views_refuse(pool: Pool) -> None:
    """A connection that has the search_path and no scope sees nothing at all, with an error."""
    async with pool.connection() as conn:
        await conn.execute(DEVICES.encode())
        await conn.execute("set search_path = scoped, public")
        with pytest.raises(UndefinedObject, match=r"ganzhi\.scope"):
            await conn.execute("select * from device")
        await conn.execute("select set_config('ganzhi.scope', '', false)")
        with pytest.raises(InvalidTextRepresentation, match="malformed array"):
            await conn.execute("select * from device")
        await conn.execute("select set_config('ganzhi.scope', '{/}', false), set_config('ganzhi.whole', '{/}', false)")
        await conn.execute("set search_path = cut, scoped, public")
        with pytest.raises(UndefinedObject, match=r"ganzhi\.uncut"):
            await conn.execute("select lon from device")
        await conn.execute("discard all")
