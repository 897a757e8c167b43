"""Warnings in the store: one row for each identifier, and the same end in whatever order the messages come."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest

from hub.store.migrate import migrations
from hub.store.pool import connect
from hub.warnings.formats import Format, decode
from hub.warnings.message import Message
from hub.warnings.store import Taken, id_of, on, take
from tests.support.warning_samples import CANCELLED, CITY, NOW, UPDATED, cap, national, nmc, quake, qweather

Given = tuple[str, Format]
FIRST: Given = (national(), "12379")
UPDATE: Given = (national(UPDATED, "Update", "2026-07-09 08:44:00+08:00", CITY), "12379")
CANCEL: Given = (national(CANCELLED, "Cancel", "2026-07-09 09:44:00+08:00", f"{CITY} {UPDATED}"), "12379")


@pytest.fixture
async def conn(database: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await connect(database) as opened:
        yield opened


async def give(conn: psycopg.AsyncConnection, text: str, format_: Format, source: str = "") -> Taken:
    return await take(on(conn), decode(text.encode(), format_, NOW), source or format_, format_, "test", NOW)


async def states(conn: psycopg.AsyncConnection) -> dict[str, Any]:
    cursor = await conn.execute(
        "select identifier, case when type = 'cancel' then 'cancelled' else ended_as end from warning order by 1"
    )
    return dict(await cursor.fetchall())


async def clear(conn: psycopg.AsyncConnection) -> None:
    await conn.execute("delete from warning")


async def in_each_order(conn: psycopg.AsyncConnection, messages: Sequence[Given]) -> list[dict[str, Any]]:
    ends = []
    for order in itertools.permutations(messages):
        await clear(conn)
        for text, format_ in order:
            await give(conn, text, format_)
        ends.append(await states(conn))
    return ends


async def test_updates_and_cancels_in_any_order(conn: psycopg.AsyncConnection) -> None:
    ends = await in_each_order(conn, [FIRST, UPDATE])
    assert ends == [{CITY: "updated", UPDATED: None}] * 2
    ends = await in_each_order(conn, [FIRST, UPDATE, CANCEL])
    assert ends == [{CITY: "cancelled", UPDATED: "cancelled", CANCELLED: "cancelled"}] * 6


async def test_reports_of_an_earthquake_in_any_order(conn: psycopg.AsyncConnection) -> None:
    second, gone = quake(ReportNum=2, Magunitude=6.1), '{"type": "sc_eew", "EventID": "sc-1", "isCancel": true}'
    for order in itertools.permutations([quake(), second, gone]):
        await clear(conn)
        for text in order:
            await give(conn, text, "wolfx")
        cursor = await conn.execute("select type, level, content #>> '{quake,magnitude}' from warning")
        assert await cursor.fetchall() == [("cancel", 3, "6.1")]


async def test_posted_twice_is_one_and_three_sources_are_one(conn: psycopg.AsyncConnection) -> None:
    given: list[Given] = [FIRST, (cap(), "cap"), (nmc(CITY), "nmc"), (qweather(CITY), "qweather")]
    for text, format_ in given * 2:
        taken = await give(conn, text, format_)
    assert (taken.stored, taken.repeated) == ((), 1)
    cursor = await conn.execute("select id, sources, (select count(*) from warning_message) from warning")
    assert await cursor.fetchall() == [(id_of(CITY), ["12379", "cap", "nmc", "qweather"], 4)]


async def test_a_long_list_is_stored_in_pieces_and_the_rest_with_the_next_time(
    conn: psycopg.AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.warnings.store.PIECE", 2)
    await give(conn, nmc("a-gone"), "nmc")
    sizes, given = list[int](), decode(nmc(*(f"b-{number}" for number in range(5))).encode(), "nmc", NOW)

    @asynccontextmanager
    async def third_fails(piece: Sequence[Message]) -> AsyncIterator[psycopg.AsyncConnection]:
        sizes.append(len(piece))
        async with on(conn)(piece) as opened:
            yield opened
            if len(sizes) == 3:
                raise OSError("the third")

    with pytest.raises(OSError, match="the third"):
        await take(third_fails, given, "nmc", "nmc", "test", NOW)
    assert sizes == [2, 2, 1]
    assert (await listed(conn))["a-gone"] == ["nmc"], "until all of the list is stored"
    taken = await take(on(conn), given, "nmc", "nmc", "test", NOW)
    assert (taken.stored, taken.repeated, taken.ended) == ((id_of("b-4"),), 4, (id_of("a-gone"),))


async def test_what_cancels_is_stored_before_what_it_cancels(conn: psycopg.AsyncConnection) -> None:
    """In an earlier piece of a long list: else the original is told of, and at once that it is cancelled."""
    pieces = list[Sequence[Message]]()

    @asynccontextmanager
    async def noted(piece: Sequence[Message]) -> AsyncIterator[psycopg.AsyncConnection]:
        pieces.append(piece)
        async with on(conn)(piece) as opened:
            yield opened

    first, cancel = (decode(text.encode(), format_, NOW) for text, format_ in (FIRST, CANCEL))
    whole = first.model_copy(update={"messages": [*first.messages, *cancel.messages]})
    await take(noted, whole, "a", "12379", "test", NOW)
    assert [[each.type for each in piece] for piece in pieces] == [["cancel", "alert"]]


async def listed(conn: psycopg.AsyncConnection) -> dict[str, list[str]]:
    return dict(await (await conn.execute("select identifier, listed_by from warning")).fetchall())


async def test_what_a_list_has_no_more_has_ended_unless_another_source_says_it(conn: psycopg.AsyncConnection) -> None:
    await give(conn, nmc(CITY, UPDATED), "nmc")
    await give(conn, qweather(UPDATED), "qweather")
    assert (await give(conn, nmc(), "nmc")).ended == (id_of(CITY),)
    assert await listed(conn) == {CITY: [], UPDATED: ["qweather"]}
    assert (await give(conn, nmc(), "nmc")).ended == ()
    await give(conn, nmc(CITY, "x", count=9), "nmc")
    assert (await listed(conn))[CITY] == [], "a page of a list says nothing of the state"
    await give(conn, nmc(CITY), "nmc")
    assert (await listed(conn))[CITY] == ["nmc"], "it is back"


async def test_whose_word_counts_less_contradicts_and_ends_nothing(conn: psycopg.AsyncConnection) -> None:
    weaker: Given = (
        qweather("q-1", messageType={"code": "cancel", "supersedes": [CITY]}, issuedTime="2026-07-09T08:30+08:00"),
        "qweather",
    )
    same: Given = (qweather(CITY, messageType={"code": "cancel", "supersedes": [CITY]}), "qweather")
    for given in (weaker, same):
        for order in itertools.permutations([FIRST, given]):
            await clear(conn)
            for text, format_ in order:
                await give(conn, text, format_)
            cursor = await conn.execute(
                "select type, ended_as, contradicted_by from warning where identifier = %s", (CITY,)
            )
            assert await cursor.fetchall() == [("alert", None, ["qweather"])]
    await give(conn, *CANCEL)
    cursor = await conn.execute("select ended_as, contradicted_by from warning where identifier = %s", (CITY,))
    assert await cursor.fetchall() == [("cancelled", [])], "the platform's own word ends it"


class Counted(psycopg.AsyncConnection):
    """A connection that counts its statements."""

    statements = 0

    async def execute(self, *args: Any, **more: Any) -> psycopg.AsyncCursor:
        self.statements += 1
        return await super().execute(*args, **more)


async def test_a_long_list_is_stored_in_few_statements(database: str) -> None:
    identifiers = [f"{number:06}41600000_20260709074400" for number in range(1_000)]
    async with await Counted.connect(database, autocommit=True) as conn:
        taken = await give(conn, nmc(*identifiers), "nmc")
        assert len(taken.stored) == 1_000
        assert conn.statements < 50, "four of them for each warning held everybody up for 38 s"
        assert (await give(conn, nmc(*identifiers), "nmc")).repeated == 1_000


async def test_what_was_stored_with_a_far_end_ends_like_others(conn: psycopg.AsyncConnection) -> None:
    await give(conn, *FIRST)
    far = """jsonb_set(content, '{expires}', '"2199-01-01T00:00:00Z"')"""
    await conn.execute(f"update warning_message set content = {far}".encode())
    await conn.execute(f"update warning set content = {far}, ends_at = '2199-01-01'".encode())
    await give(conn, nmc(CITY), "nmc")
    [(days,)] = await (await conn.execute("select extract(day from ends_at - sent)::int from warning")).fetchall()
    assert days <= 366
    [migration] = [each.text for each in migrations("timescaledb") if each.name == "warning_trust"]
    await conn.execute(migration[migration.index("create function pg_temp") :].encode())
    [(hours, expires)] = await (
        await conn.execute("select extract(epoch from ends_at - sent)::int / 3600, content -> 'expires' from warning")
    ).fetchall()
    assert (hours, expires) == (24, None)


async def test_what_lasts_in_a_list_is_in_force_on(conn: psycopg.AsyncConnection) -> None:
    await give(conn, nmc(CITY), "nmc")
    await conn.execute("update warning set ends_at = now() - interval '1 hour'")
    await give(conn, nmc(CITY), "nmc")
    [(ends_at,)] = await (await conn.execute("select ends_at from warning")).fetchall()
    assert ends_at > NOW


async def test_messages_that_refer_to_themselves_or_each_other_hide_nothing(conn: psycopg.AsyncConnection) -> None:
    for order in ((0, 1), (1, 0)):
        await clear(conn)
        pair = (
            national(CITY, "Update", references=f"{CITY} {UPDATED}"),
            national(UPDATED, "Update", "2026-07-09 08:44:00+08:00", references=f"{CITY} {UPDATED}"),
        )
        for number in order:
            await give(conn, pair[number], "12379")
        assert await states(conn) == {CITY: "updated", UPDATED: None}


async def test_an_exercise_ends_nothing_real(conn: psycopg.AsyncConnection) -> None:
    await give(conn, *FIRST)
    drill = national(CANCELLED, "Cancel", "2026-07-09 09:44:00+08:00", CITY, status="Exercise")
    await give(conn, drill, "12379")
    assert (await states(conn))[CITY] is None


async def test_whom_an_outline_concerns(conn: psycopg.AsyncConnection) -> None:
    await conn.execute(
        """with p as (insert into profile (code, name) values ('p', 'p') returning id)
           insert into device (code, name, profile_id, region, lon, lat)
           select code, code, id, region, lon, lat
           from p, (values ('in', '330110001000', 120.5, 30.5), ('out', '330106001000', 121.5, 30.5))
                as t (code, region, lon, lat)"""
    )
    await give(conn, cap(area="<circle>30.5,120.5 10</circle>"), "cap")
    await give(conn, quake(), "wolfx")
    found = await (await conn.execute("select identifier, regions from warning order by 1")).fetchall()
    assert found == [(CITY, ["330110"]), ("sc_eew:sc-1", [])]


@pytest.mark.parametrize(
    ("keys", "seen"),
    [
        (["/"], True), (["/33"], True), (["/3301"], True), (["/330106"], True), (["/330106001"], True),
        (["/3302"], False), (["/11"], False), ([], False), (["eco/"], True), (["far/"], False), (["eco/3302"], False),
        (["/@zone"], True), (["/@none"], False),
    ],
)  # fmt: skip
async def test_a_warning_concerns_who_lies_in_it_or_around_it(
    conn: psycopg.AsyncConnection, keys: list[str], seen: bool
) -> None:
    await give(conn, *FIRST)
    await conn.execute("insert into organisation (code, name, region) values ('eco', 'e', '3301'), ('far', 'f', '11')")
    await conn.execute(
        "insert into area (code, name, divisions) values ('zone', 'z', '{330106}'), ('none', 'n', '{11}')"
    )
    settings = {"keys": keys, "shares": list[UUID]()}
    await conn.execute(
        """select set_config('ganzhi.scope', %(keys)s::text[]::text, false),
                  set_config('ganzhi.whole', %(keys)s::text[]::text, false),
                  set_config('ganzhi.shares', %(shares)s::uuid[]::text, false)""",
        settings,
    )
    found = await (await conn.execute("select identifier from scoped.warning")).fetchall()
    assert bool(found) is seen
    assert len(await (await conn.execute("select from scoped.warning_message")).fetchall()) == len(found)
