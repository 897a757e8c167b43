"""Why a message was refused, in the reader's language: over the API, on the command line, from the store."""

import asyncio
import json

from httpx import AsyncClient
from typer.testing import CliRunner

from app.cli.dead_letters import dead_letters
from devices.registry.registry import Registry
from devices.resolve import Resolver
from hub.models import Batch, now_micros
from hub.stage import run_steps
from tests.support.chinese import english_in
from tests.support.origins import raw_of
from tests.support.served_api import api_context, client_of, register, served
from tests.support.writers import Committer

ENGLISH = "'PM2.5' is no metric of the profile of 'air-0'; it knows: pm25"
CHINESE = "'PM2.5' 不是 'air-0' 的物模型中的指标；已有指标：“pm25”"
OLD = """
insert into dead_letter (id, received_at, transport, address, device, reason, detail, payload, payload_size)
values (gen_random_uuid(), now() - interval '1 hour', 'mqtt', 'ganzhi/v1/air-0/telemetry', 'air-0', 'no_values',
        'nothing in it', '{}', 2)
"""
"""A letter of a version that stored the text alone."""
IN_CHINESE = {"Accept-Language": "zh-CN,en;q=0.5"}


async def _details(client: AsyncClient, path: str, lang: str | None = None, **headers: str) -> list[str]:
    """`detail` of what an answer lists, in its order."""
    answer = await client.get(path, params={} if lang is None else {"lang": lang}, headers=headers)
    body = answer.raise_for_status().json()
    items = next(body[name] for name in ("items", "trouble", "refusals") if name in body)
    return [item["detail"] for item in items]


async def test_a_letter_is_told_in_the_language_of_its_reader(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        registry = Registry()
        await registry.refresh(context.hub_pool)
        batch = Batch([raw_of("mqtt", "ganzhi/v1/air-0/telemetry", b'{"PM2.5": 1}', now_micros())])
        run_steps(Resolver(registry), batch)
        await Committer(context.hub_pool).commit(batch)
        async with context.hub_pool.connection() as conn:
            await conn.execute(OLD)

        for path in ("/dead-letters", "/devices/air-0", "/devices/air-0/diagnosis"):
            assert await _details(client, path) == [ENGLISH, "nothing in it"]
            assert await _details(client, path, "zh") == [CHINESE, "nothing in it"]
            assert await _details(client, path, **IN_CHINESE) == [CHINESE, "nothing in it"]
            assert await _details(client, path, "en", **IN_CHINESE) == [ENGLISH, "nothing in it"]

        newest = (await client.get("/dead-letters")).json()["items"][0]
        assert "detail_words" not in newest
        path = f"/dead-letters/{newest['id']}"
        assert (await client.get(path)).json()["detail"] == ENGLISH
        assert (await client.get(path, params={"lang": "zh"})).json()["detail"] == CHINESE

        diagnosis = (await client.get("/devices/air-0/diagnosis", params={"lang": "zh"})).json()
        (finding,) = [each for each in diagnosis["findings"] if each["code"] == "refused_unknown_metric"]
        assert CHINESE in finding["what"]
        flaws = diagnosis["refusals"][0]["flaws"]
        assert [flaw["detail"] for flaw in flaws] == ["'PM2.5' 不是物模型 'air' 中的指标；是否应为“pm25”？"]

        async with served(context) as base:
            shown = await asyncio.to_thread(_listed, base, "zh")
            assert CHINESE in shown
            assert "nothing in it" in shown
            assert '{"PM2.5": 1}' in shown
            assert ENGLISH in await asyncio.to_thread(_listed, base, "en")
            lines = (await asyncio.to_thread(_listed, base, "zh", "--json")).splitlines()
            assert [json.loads(line)["detail"] for line in lines] == [ENGLISH, "nothing in it"]


def _listed(base: str, lang: str, *options: str) -> str:
    words = ["list", "--lang", lang, "--url", base, *options]
    result = CliRunner().invoke(dead_letters, words, env={"COLUMNS": "300"})
    assert result.exit_code == 0, result.output
    return result.stdout


async def test_a_frame_is_checked_in_the_language_of_its_reader(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        payload = '[{"pm25": 5000}, {"pm25": "x"}, {"values": 5, "ts": 1}]'
        asked = {"payload": payload, "device": "air-0"}
        body = (await client.post("/frames:check", json=asked, params={"lang": "zh"})).json()
        texts = [flaw["detail"] for flaw in body["flaws"]] + [each["note"] for each in body["readings"] if each["note"]]
        assert len(texts) > 1
        assert [english_in(text) for text in texts] == [[]] * len(texts)
        assert all(
            english_in(flaw["detail"]) for flaw in (await client.post("/frames:check", json=asked)).json()["flaws"]
        )
