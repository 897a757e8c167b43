"""The timeline of an alert: everything that happened, once and in order, also as a document."""

from uuid import uuid4

import httpx
import psycopg

from hub.words import LANGS, Lang, text
from tests.support.documents import close, pages, with_fonts
from tests.support.served_api import api_context, client_of, raise_alert, register

REPORT = {"title": "Smoke #import", "level": "orange", "region": "330106001002", "note": "caller: $3$ on fire"}
TEXT = {"content-type": "text/plain"}


@with_fonts
async def test_a_timeline_has_everything_once_in_order(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        (await client.put("/consumers/desk", json={"url": "https://8.8.8.8/x"})).raise_for_status()
        made = (await client.post("/alerts", json=REPORT)).raise_for_status().json()
        path = f"/alerts/{made['id']}"
        for step in ({"to": "acknowledged", "actor": "desk 2"}, {"to": "dispatched", "note": "crew 3"}):
            (await client.post(f"{path}/steps", json=step)).raise_for_status()
        (await client.post(f"{path}/comments", json={"note": "on the way"})).raise_for_status()
        (await client.post(f"{path}/attachments?name=plan.txt", content="1", headers=TEXT)).raise_for_status()
        with psycopg.connect(database, autocommit=True) as conn:
            conn.execute(
                """update outbox set state = 'delivered', said = 'received as 4711', settled_at = clock_timestamp()
                   where seq = 1"""
            )
        found = (await client.get(f"{path}/timeline")).raise_for_status().json()
        changes = [(each["kind"], each["who"], each["note"]) for each in found["items"] if each["what"] == "change"]
        assert changes == [
            ("raised", "local", "caller: $3$ on fire"),
            ("acknowledged", "desk 2", None),
            ("dispatched", "api", "crew 3"),
            ("commented", "api", "on the way"),
            ("attached", "api", "plan.txt"),
        ]
        receipts = {each["seq"]: (each["kind"], each["note"]) for each in found["items"] if each["what"] == "delivery"}
        assert receipts == {1: ("delivered", "received as 4711"), 2: ("pending", None), 3: ("pending", None)}
        assert [each["at"] for each in found["items"]] == sorted(each["at"] for each in found["items"])
        assert found["items"][-1]["note"] == "received as 4711"
        assert (found["readings"], found["cut"]) == (None, False)
        for lang in LANGS:
            await _printed(client, path, lang)
        assert (await client.get(f"{path}/timeline.pdf?zone=Asia/Nowhere")).status_code == 422
        assert (await client.get(f"/alerts/{uuid4()}/timeline.pdf")).status_code == 404
        with psycopg.connect(database) as conn:
            taken = conn.execute("select count(*) from audit where action = 'timeline.export'").fetchone()
        assert taken == (2,)


async def _printed(client: httpx.AsyncClient, path: str, lang: Lang) -> None:
    made = await client.get(f"{path}/timeline.pdf", params={"lang": lang})
    assert made.raise_for_status().headers["content-type"] == "application/pdf"
    [page] = pages(made.content)
    printed = close(page)
    for said in ("Smoke #import", "caller: $3$ on fire", "crew 3", "plan.txt", "received as 4711", "Asia/Shanghai"):
        assert close(said) in printed, said
    for key in (
        "push.change.dispatched",
        "timeline.delivery.delivered",
        "timeline.level.orange",
        "cap.state.dispatched",
    ):
        assert close(text(key, lang)) in printed, key


@with_fonts
async def test_a_timeline_shows_what_was_measured_around_it(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        alert = await raise_alert(context.hub_pool)
        with psycopg.connect(database, autocommit=True) as conn:
            conn.execute(
                """select ensure_partition(month::date)
                   from alert, generate_series(date_trunc('month', opened_at - interval '1 day'), opened_at, '1 month')
                       as months (month)"""
            )
            conn.execute(
                """insert into reading (series_id, ts, value)
                   select series_id, opened_at - n * interval '1 second', case n when 7 then float8 'NaN' else n end
                   from alert, generate_series(0, 4000) n""",
            )
        found = (await client.get(f"/alerts/{alert}/timeline")).raise_for_status().json()["readings"]
        assert 200 < len(found["points"]) <= 300
        assert (min(low for _, low, _ in found["points"]), max(high for *_, high in found["points"])) == (0, 3600)
        assert [at for at, *_ in found["points"]] == sorted(at for at, *_ in found["points"])
        assert pages((await client.get(f"/alerts/{alert}/timeline.pdf")).raise_for_status().content)
