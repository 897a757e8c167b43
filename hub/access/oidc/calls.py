"""Calls to the provider, through the guard of outgoing calls: short ones, which follow no redirect."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from hub.access.guarded_transport import GuardedTransport
from hub.access.oidc.refused import LoginRefused
from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import OutgoingRefused
from hub.errors import ConfigError
from hub.tls import Tls, client_context

ANSWER_S = 10.0
BYTES = 256 << 10
"""Of an answer at most."""
_SENT = {"Accept": "application/json", "User-Agent": "ganzhi", "Accept-Encoding": "identity"}


async def call(
    outgoing: Outgoing, tls: Tls, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
) -> tuple[dict[str, Any], httpx.Headers]:
    """The JSON object that is answered, and the headers that it came with. LoginRefused for anything else."""
    where = f"the provider at {urlsplit(url).netloc}"
    request = httpx.Request(method, url, data=form, headers={**_SENT, **headers})
    try:
        async with asyncio.timeout(ANSWER_S):
            answer = await _answer(outgoing, tls, request)
    except OutgoingRefused as error:
        raise LoginRefused("away", str(error.sentence)) from None
    except ConfigError as error:
        raise LoginRefused("away", error.detail) from None
    except TimeoutError:
        raise LoginRefused("away", f"{where} does not answer within {ANSWER_S:.0f} s") from None
    except httpx.HTTPError as error:
        raise LoginRefused("away", f"{where} cannot be reached: {error or type(error).__name__}") from None
    if answer.status_code != 200:
        raise LoginRefused("provider", f"{where} answers {answer.status_code} to {method} {urlsplit(url).path}")
    try:
        told = json.loads(answer.content)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise LoginRefused("provider", f"{where} answers with what is no JSON object to {urlsplit(url).path}")
    return told, answer.headers


async def _answer(outgoing: Outgoing, tls: Tls, request: httpx.Request) -> httpx.Response:
    transport = GuardedTransport(outgoing, "oidc", httpx.Limits(), client_context(tls, "oidc.tls"))
    async with httpx.AsyncClient(transport=transport, timeout=ANSWER_S, trust_env=False) as client:
        answer = await client.send(request, stream=True)
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > BYTES:
                raise LoginRefused("provider", f"{request.url.host} answers with more than {BYTES} bytes")
        return httpx.Response(answer.status_code, headers=answer.headers, content=bytes(body))
