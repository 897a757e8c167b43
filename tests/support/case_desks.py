"""Desks that step the same few cases at once over HTTP, and what must be true of the cases afterwards."""

import asyncio
import random
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import psycopg

from hub.cases.transitions import ENDED

REPORT = {"title": "暴露垃圾", "region": "330106001001"}
SIMPLE = ("accepted", "filed", "dispatched", "taken", "returned", "handled", "passed", "failed", "commented")
"""Steps that desks take here: none that ends a case, so that none runs out of them."""


Taken = tuple[str, int, str, str, datetime]
"""A step: its id, seq, the stages before and after, the time."""


class Desks(NamedTuple):
    """What so many desks did."""

    taken: int
    late: int
    """Refused, for another desk was first."""
    lost: int
    """Steps that were answered with success and are not stored, or the other way round."""
    out_of_order: int
    """Steps that do not go on where the one before ended, or have its number or an earlier time."""


async def run(url: str, base: str, desks: int, steps: int, cases: int = 20) -> Desks:
    """Let each of some desks take some steps of any of some new cases."""
    limits = httpx.Limits(max_connections=desks)
    async with httpx.AsyncClient(base_url=base + "/api/v1", timeout=120, limits=limits) as client:
        made = [(await client.post("/cases", json=REPORT)).raise_for_status().json()["id"] for _ in range(cases)]
        answers = await asyncio.gather(*[_work(client, made, random.Random(n), steps) for n in range(desks)])
    taken = {step for each in answers for step in each if step is not None}
    late = sum(each.count(None) for each in answers)
    stored = await _stored(url, made)
    known = {step for of_case in stored.values() for step, *_ in of_case[1:]}
    wrong = sum(
        after[1] != before[1] + 1 or after[2] != before[3] or after[4] < before[4]
        for of_case in stored.values()
        for before, after in pairwise(of_case)
    )
    return Desks(len(taken), late, len(taken ^ known), wrong)


async def _work(client: httpx.AsyncClient, cases: list[str], chance: random.Random, steps: int) -> list[str | None]:
    """The id of each step that was taken, None where somebody else was first."""
    told: list[str | None] = []
    for _ in range(steps):
        case, id_ = chance.choice(cases), str(uuid4())
        seen = await _patiently(client, "GET", f"/cases/{case}")
        kind = chance.choice([each for each in seen.json()["steps"] if each in SIMPLE])
        body = {"id": id_, "to": kind, "note": "why", **({"responsible": "clean"} if kind == "dispatched" else {})}
        headers = {"if-match": seen.headers["etag"]}
        answer = await _patiently(client, "POST", f"/cases/{case}/steps", json=body, headers=headers)
        assert answer.status_code in (200, 409, 412), answer.text
        told.append(id_ if answer.status_code == 200 else None)
    return told


async def _patiently(client: httpx.AsyncClient, method: str, path: str, **more: Any) -> httpx.Response:
    """As a desk that was not let in yet, or lost its connection: it sends the same again."""
    while True:
        with suppress(httpx.TransportError):
            answer = await client.request(method, path, **more)
            if answer.status_code != 503:
                return answer


async def _stored(url: str, cases: list[str]) -> dict[str, list[Taken]]:
    """The steps of each case, in the order in which they were taken."""
    found: dict[str, list[Taken]] = {case: [] for case in cases}
    async with await psycopg.AsyncConnection.connect(url) as conn:
        rows = await conn.execute(
            """select case_id::text, id::text, seq, stage_from, stage_to, at from case_step
               where case_id = any (%s::uuid[]) order by cursor""",
            [cases],
        )
        async for case, *step in rows:
            found[case].append(tuple(step))
        stages = await conn.execute("select id::text, stage, seq from case_file where id = any (%s::uuid[])", [cases])
        async for case, stage, seq in stages:
            assert stage not in ENDED
            assert (found[case][-1][1], found[case][-1][3]) == (seq, stage), (
                "the case is where its last step brought it"
            )
    return found
