"""Webhook channel: signed POST requests after Standard Webhooks 1.0.

Whoever may set a consumer's url (the API's token protects it) can make the hub post alerts to any host it reaches,
inside the city's network too: that is what webhooks are for. The bounds are: http and https only, no redirects,
no proxy from the environment, 10 s, and of an answer no more than its status and a few bytes for the reason.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

from api.push.channel import Accepted, Answer, Consumer, Refused, TryAgain
from api.push.signature import BadSecretError, sign

TIMEOUT_S = 10.0
ANSWER_BYTES = 4096
"""Read of an answer at most; a receiver that answers with more loses its connection, nothing else."""


class Webhook:
    """Sends with one keep-alive client for all consumers."""

    def __init__(
        self, client: httpx.AsyncClient, timeout_s: float = TIMEOUT_S, clock: Callable[[], float] = time.time
    ) -> None:
        self._client, self._timeout_s, self._clock = client, timeout_s, clock

    async def send(self, consumer: Consumer, id: str, body: bytes) -> Answer:  # noqa: A002 see Channel
        """See Channel: 2xx is accepted, 410 gone, an invalid URL or secret refused, anything else retried."""
        timestamp = int(self._clock())
        try:
            url = httpx.URL(consumer.url)
            if url.scheme not in ("http", "https") or not url.host:
                return Refused("the url is not one of http or https")
            headers = {
                "content-type": "application/cloudevents+json",
                "webhook-id": id,
                "webhook-timestamp": str(timestamp),
                "webhook-signature": sign(consumer.secret, id, timestamp, body),
            }
            async with asyncio.timeout(self._timeout_s):
                return await self._post(url, headers, body)
        except httpx.InvalidURL:  # its text may show a part of a password
            return Refused("the url cannot be read: write it like https://desk.example.org/alerts")
        except BadSecretError as error:
            return Refused(str(error))
        except TimeoutError:
            return TryAgain(f"no answer within {self._timeout_s:g} s")
        except (httpx.HTTPError, OSError) as error:
            return TryAgain(f"{type(error).__name__}: {error}")

    async def _post(self, url: httpx.URL, headers: dict[str, str], body: bytes) -> Answer:
        async with self._client.stream("POST", url, headers=headers, content=body) as response:
            said = b""
            async for chunk in response.aiter_raw():
                said += chunk
                if len(said) >= ANSWER_BYTES:
                    break
            if response.is_success:
                return Accepted()
            reason = f"answered {response.status_code} {response.reason_phrase}".rstrip()
            if text := _printable(said[:200].decode("utf-8", "replace")):
                reason += f": {text}"
            return Refused(reason, gone=True) if response.status_code == httpx.codes.GONE else TryAgain(reason)


def _printable(text: str) -> str:
    """In one line, without control characters: it is shown on terminals and on the page."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


@asynccontextmanager
async def open_webhook(connections: int = 64, timeout_s: float = TIMEOUT_S) -> AsyncIterator[Webhook]:
    """Open a webhook channel with a limit on concurrent connections."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    async with httpx.AsyncClient(
        limits=limits,
        timeout=timeout_s,
        follow_redirects=False,
        trust_env=False,
        headers={"user-agent": "ganzhi", "accept-encoding": "identity"},
    ) as client:
        yield Webhook(client, timeout_s)
