"""Headers of every answer, rates of callers, and what nobody can write into a header."""

import asyncio
import re

import httpx

from api.app import create_app
from api.http.headers import HEADERS
from hub.limit_settings import Limits
from tests.support.described import description
from tests.support.served_api import api_context, client_of

INJECTED = "x\r\nX-Injected: 1\r\n\r\nx"


async def test_every_kind_of_answer_has_the_headers(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        paths = ["/", "/assets/app.js", "/healthz", "/api/v1/devices", "/api/v1/devices/none", "/none"]
        for answer in [await client.get(f"http://127.0.0.1{path}") for path in paths]:
            assert all(answer.headers[name] == value for name, value in HEADERS.items()), answer.url
            wanted = "no-cache" if answer.url.path in ("/", "/assets/app.js") else "no-store"
            assert answer.headers["cache-control"] == wanted, answer.url
            assert "strict-transport-security" not in answer.headers
        answer = await client.get("https://127.0.0.1/healthz")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "script-src 'self'"):
            assert part in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]


async def test_no_header_of_an_answer_can_be_written_by_a_request(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        client.event_hooks["response"].clear()  # what is asked here is described nowhere
        document = description(create_app(context)).document
        asked = 0
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if "text/event-stream" in str(operation["responses"]):
                    continue  # it would never end
                names = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
                url = httpx.URL("http://127.0.0.1" + re.sub(r"{\w+}", "%0d%0aX-Injected:%201", path))
                query = dict.fromkeys([*names, "lang"], INJECTED)
                answer = await client.request(method, url.copy_merge_params(query), json={"code": INJECTED})
                asked += 1
                for name, value in answer.headers.raw:
                    assert not re.search(rb"[\r\n\0]", name + value), (method, path, name)
        assert asked > 50


async def test_a_caller_that_asks_too_often_is_told_when_to_come_again(database: str) -> None:
    async with api_context(database) as context:
        slow = Limits(machine_per_s=2)
        object.__setattr__(context, "settings", context.settings.model_copy(update={"limits": slow}))
        async with client_of(context) as client:
            answers = await asyncio.gather(*(client.get("/quality-flags") for _ in range(40)))
            refused = [answer for answer in answers if answer.status_code == 429]
            assert 30 < len(refused) < 40, "a busy machine lets one or two more pass"
            assert refused[0].headers["retry-after"] == "1"
            assert "2 requests a second" in refused[0].json()["detail"]
            assert (await client.get("http://127.0.0.1/healthz")).status_code == 200, "what is public has no caller"
