import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.dashboard import Dashboard
from tests.support.served_api import api_context, client_of

ROOT = "http://127.0.0.1"
JSON = {"Content-Type": "application/json"}


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["type"].startswith("urn:ganzhi:problem:")
    assert body["title"]
    assert body["detail"]
    return body


async def _chunks() -> AsyncIterator[bytes]:
    for _ in range(20):
        yield b" " * 100_000


async def test_each_class_of_error_is_a_problem(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        problem(await client.get("/nothing"), 404)
        problem(await client.get(ROOT + "/assets/nothing.js"), 404)
        problem(await client.get("/devices/ghost"), 404)
        wrong_method = await client.delete("/status")
        problem(wrong_method, 405)
        assert wrong_method.headers["allow"] == "GET"
        problem(await client.put("/profiles/air", content=b"{bad", headers=JSON), 422)
        problem(await client.get("/devices", params={"limit": 5000}), 422)
        problem(await client.get("/alerts", params={"cursor": "x"}), 422)
        problem(await client.put("/profiles/air", content=b" " * (2 << 20), headers=JSON), 413)
        problem(await client.put("/profiles/air", content=_chunks(), headers=JSON), 413)
        body = problem(await client.put("/devices/a b", json={"name": "x", "profile": "air"}), 422)
        assert "beginning with a letter or digit" in body["detail"]


async def test_what_is_wrong_is_told_in_chinese(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        client.headers["accept-language"] = "zh-CN"
        told = [
            problem(await client.get("/nothing"), 404)["detail"],
            problem(await client.delete("/status"), 405)["detail"],
            problem(await client.put("/profiles/air", content=b"{bad", headers=JSON), 422)["detail"],
            problem(await client.get("/devices", params={"limit": 5000}), 422)["detail"],
            problem(await client.put("/devices/air-0", json={"name": 5, "profle": "air"}), 422)["detail"],
            problem(await client.put("/devices/a b", json={"name": "x", "profile": "air"}), 422)["detail"],
            problem(await client.get("/cases", params={"level": "pink"}), 422)["detail"],
            problem(await client.get("/cases", params={"level": "pink", "lang": "en"}), 422)["detail"],
        ]
    assert [told[0], told[1]] == ["/api/v1/nothing 处没有内容", "/api/v1/status 不支持 DELETE"]
    assert told[2].startswith("/: 第 1 个字符处不是有效的 JSON")
    assert told[3] == "limit: 应小于或等于 1000"
    assert ("应为字符串" in told[4], "另有 2 处" in told[4]) == (True, True), told[4]
    assert told[5].endswith("“a b”不符合要求；请使用最多 64 个字母、数字和 . _ : -，且以字母或数字开头")
    assert told[6] == "level: 应为以下值之一：'blue'、'yellow'、'orange'、'red'"
    assert told[7] == "level: input should be 'blue', 'yellow', 'orange' or 'red'"


@pytest.mark.parametrize("kind", [None, "application/x-www-form-urlencoded", "text/plain; charset=utf-8"])
async def test_a_body_that_is_not_sent_as_json_is_told_how_to_send_it(database: str, kind: str | None) -> None:
    async with api_context(database) as context, client_of(context) as client:
        for body in (b'{"name": "Air", "metrics": {}}', b"{bad"):
            headers = {"content-type": kind} if kind else {}
            told = problem(await client.put("/profiles/air", content=body, headers=headers), 415)
            assert "send it with the header Content-Type: application/json" in told["detail"]
            assert (kind or "").partition(";")[0] in told["detail"]
            zh = await client.put("/profiles/air", content=body, headers=headers | {"accept-language": "zh"})
            assert "请" in problem(zh, 415)["detail"]
        merged = {"content-type": "application/merge-patch+json"}
        assert (await client.put("/profiles/air", content=b'{"name": "Air", "metrics": {}}', headers=merged)).is_success
        problem(await client.put("/profiles/air", headers=headers), 422)


async def test_failure_shows_nothing_of_the_inside(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(self: Dashboard) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(Dashboard, "current", fail)
    async with api_context(database) as context, client_of(context) as client:
        assert (await client.head("/status")).status_code == 500
        answer = await client.get("/status")
        problem(answer, 500)
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text


async def test_database_that_is_away_is_503(database: str) -> None:
    nowhere = "postgresql://127.0.0.1:1/none?connect_timeout=1"
    async with api_context(nowhere, token="right") as context:
        context.hub_pool.timeout = 0.2
        async with client_of(context) as client:
            problem(await client.get("/devices"), 503)  # who has accounts, and whether anybody has, is not known
            client.headers["authorization"] = "Bearer right"
            answer = await client.get("/devices")
            problem(answer, 503)
            assert answer.headers["retry-after"]
            assert "127.0.0.1:1" not in answer.text
            assert (await client.get(ROOT + "/healthz")).status_code == 200
            ready = problem(await client.get(ROOT + "/readyz"), 503)
            assert ready["errors"] == [{"problem": "the database cannot be reached"}]
            metrics = await client.get(ROOT + "/metrics")
            assert "ganzhi_ready 0\n" in metrics.text
            assert "ganzhi_messages_total 0\n" in metrics.text


async def test_not_ready_for_another_reason(database: str) -> None:
    async with api_context(database) as context:
        async with client_of(context) as client:
            assert (await client.get(ROOT + "/readyz")).json() == {"status": "ok", "degraded": []}
        async with client_of(replace(context, ready=lambda: ["the broker is away"])) as client:
            assert problem(await client.get(ROOT + "/readyz"), 503)["detail"] == "the broker is away"
            assert (await client.get("/status")).json()["not_ready"] == ["the broker is away"]


async def test_token(database: str) -> None:
    async with api_context(database, token="right") as context, client_of(context) as client:
        for path in ("/devices", "/status", "/live", "/alerts/stream", ROOT + "/metrics"):
            none = await client.get(path)
            problem(none, 401)
            assert none.headers["www-authenticate"].startswith("Bearer")
            problem(await client.get(path, headers={"Authorization": "Bearer wrong"}), 401)
        good = {"Authorization": "Bearer right"}
        assert (await client.get("/devices", headers=good)).status_code == 200
        assert (await client.get("/devices", headers={**good, "Host": "hub.example.org"})).status_code == 200
        for open_path in ("/healthz", "/readyz", "/"):
            assert (await client.get(ROOT + open_path)).status_code == 200


async def test_without_a_token_a_foreign_host_name_is_refused(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        problem(await client.get("/devices", headers={"Host": "evil.example.org"}), 403)
        for host in ("127.0.0.1:8420", "localhost:8420", "[::1]:8420"):
            assert (await client.get("/devices", headers={"Host": host})).status_code == 200


async def test_without_a_token_who_comes_through_a_proxy_is_refused(database: str) -> None:
    """A proxy on this machine may ask for 127.0.0.1 in the name of anybody; it tells for whom."""
    async with api_context(database) as context:
        for client, status in (("192.0.2.7", 403), ("unknown", 403), ("127.0.0.1", 200), ("::1", 200)):
            transport = httpx.ASGITransport(create_app(context), client=(client, 0))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1") as asking:
                assert (await asking.get("/devices")).status_code == status, client


async def test_openapi_describes_every_route(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        schema = (await client.get("/openapi.json")).json()
    assert schema["openapi"].startswith("3.1")
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    assert len(operations) >= 25
    assert all(operation.get("description") for operation in operations)
    assert schema["components"]["schemas"]["ProfileBody"]["examples"]
    assert '"#/components/schemas/ProblemDetails"' in json.dumps(schema)
    assert "ProblemDetails" in schema["components"]["schemas"]


async def test_page_and_assets_are_local_and_guarded(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        page = await client.get(ROOT + "/")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "<script>" not in page.text
        assert "style=" not in page.text
        for name, kind in (
            ("app.js", "text/javascript"),
            ("style.css", "text/css"),
            ("i18n.js", "text/javascript"),
            ("logo.svg", "image/svg+xml"),
        ):
            asset = await client.get(f"{ROOT}/assets/{name}")
            assert asset.headers["content-type"].split(";")[0] == kind
            assert asset.headers["content-security-policy"] == policy
            assert "//" not in asset.text.replace("http://www.w3.org/2000/svg", "").replace("// ", "")
        assert (await client.get(ROOT + "/assets/../app.py")).status_code == 404
