"""Requests that generated ones found to fail, kept as examples (tests/acceptance/test_api_fuzz.py)."""

from typing import Any

import pytest

from tests.support.served_api import api_context, client_of


@pytest.mark.parametrize("number", ["1760000000", "-2.5e-247", "121422071240"])
async def test_a_number_is_no_time(database: str, number: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        for path in ("/events?from=", "/dead-letters/counts?since=", "/audit/export.csv?until="):
            answer = await client.get(path + number)
            assert answer.status_code == 422, path
            assert "2026-03-01T08:00:00+08:00" in answer.text
        told = await client.get("/events", params={"from": "1760000000"}, headers={"accept-language": "zh-CN"})
        assert "带时区" in told.text
        assert (await client.get("/events", params={"from": "2026-03-01T08:00:00+08:00"})).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/accounts", {"name": "li.wei", "organisation": "nobody"}),
        (
            "PUT",
            "/areas/zone",
            {"name": "Zone", "valid_from": "2026-03-01T08:00:00", "valid_to": "2026-03-02T08:00:00Z"},
        ),
    ],
)
async def test_a_body_that_cannot_be_stored_is_refused(
    database: str, method: str, path: str, body: dict[str, Any]
) -> None:
    async with api_context(database) as context, client_of(context) as client:
        assert (await client.request(method, path, json=body)).status_code == 422
