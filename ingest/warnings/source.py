"""Asks the sources of official warnings, each on one process of all, and stores what is new.

Calls go through the guard of outgoing calls, follow no redirect, and read no more than a document may have.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NamedTuple

import httpx
import psycopg

from hub.access.guarded_transport import GuardedTransport
from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import OutgoingRefused
from hub.alert_settings import WarningSource
from hub.backoff import Backoff
from hub.lifecycle import Part, Phase
from hub.settings import Settings
from hub.store.leader import lead
from hub.store.statements import statements
from hub.tls import trusting_context
from hub.warnings.message import MAX_BYTES
from hub.warnings.store import LASTS
from hub.words.sentence import Sentence
from ingest.warnings.documents import TIMEOUT_S, SourceFailed, failed, heard, stored
from ingest.warnings.stream import Stream

SQL = statements(__name__)

log = logging.getLogger(__name__)

LONGEST_S = 300.0
"""Between attempts at a source that fails, unless it is asked less often anyhow."""
CONNECTIONS = 16


class _Answer(NamedTuple):
    """A document with its validators; no body: it is as before."""

    body: bytes | None
    etag: str | None
    last_modified: str | None


class Puller:
    """The work of whoever leads for a source."""

    def __init__(self, source: WarningSource, client: httpx.AsyncClient) -> None:
        self._source, self._client = source, client
        self._backoff = Backoff(
            log, "warnings from %s come again", source.name,
            first_s=min(source.every_s, LONGEST_S), longest_s=LONGEST_S,
        )  # fmt: skip

    async def pull(self, conn: psycopg.AsyncConnection) -> float:
        """Ask once, and store what it says; returns seconds until it is asked again."""
        name, received = self._source.name, datetime.now(UTC)
        row = await (await conn.execute(SQL.known, {"name": name})).fetchone()
        try:
            answer = await self._ask(*(row or (None, None)))
            partly = await self._store(conn, answer, received)
        except SourceFailed as error:
            self._backoff.failed("no warnings come from %s: %s", name, error.sentence)
            await failed(conn, name, error.sentence)
            return max(self._source.every_s, self._backoff.next_s())
        self._backoff.succeeded()
        known = answer if partly is None else answer._replace(etag=None, last_modified=None)
        await heard(conn, name, partly, known.etag, known.last_modified)
        return self._source.every_s

    async def _ask(self, etag: str | None, last_modified: str | None) -> _Answer:
        source = self._source
        headers = {"if-none-match": etag, "if-modified-since": last_modified}
        given: Mapping[str, str] = {name: value for name, value in headers.items() if value is not None}
        if source.secret is not None:
            given = {**given, source.header: source.secret.get_secret_value()}
        where = httpx.URL(source.url).host
        try:
            async with asyncio.timeout(TIMEOUT_S), self._client.stream("GET", source.url, headers=given) as response:
                if response.status_code == httpx.codes.NOT_MODIFIED:
                    return _Answer(None, etag, last_modified)
                if response.status_code != httpx.codes.OK:
                    told = f"{response.status_code} {response.reason_phrase[:40]}".strip()
                    raise SourceFailed(Sentence("warning.source.answered", status=told))
                body = bytearray()
                async for block in response.aiter_bytes():
                    body += block
                    if len(body) > MAX_BYTES:
                        raise SourceFailed(Sentence("warning.refused.size", most=MAX_BYTES >> 20))
                return _Answer(bytes(body), response.headers.get("etag"), response.headers.get("last-modified"))
        except OutgoingRefused as error:
            raise SourceFailed(error.sentence) from error
        except TimeoutError as error:
            raise SourceFailed(Sentence("warning.source.slow", host=where, seconds=f"{TIMEOUT_S:g}")) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            what = str(error)[:200] or type(error).__name__
            raise SourceFailed(Sentence("warning.source.away", host=where, error=what)) from error

    async def _store(self, conn: psycopg.AsyncConnection, answer: _Answer, received: datetime) -> Sentence | None:
        """Returns what was wrong with a part of it; an unchanged document says what it said before."""
        source = self._source
        if answer.body is None:
            until = received + LASTS
            await conn.execute(SQL.lasts, {"name": source.name, "until": until, "half": until - LASTS / 2})
            return None
        return await stored(conn, source, answer.body, received)


class WarningSources(Part):
    """A leader for each source, so that a slow one holds up no other."""

    phase = Phase.SOURCES

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Compete for leadership of each source. ConfigError for files of outgoing.tls."""
        settings = self._settings
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        tls = trusting_context(settings.outgoing.tls, "outgoing.tls", httpx.create_ssl_context(trust_env=False))
        outgoing = Outgoing(settings)
        async with httpx.AsyncClient(
            transport=GuardedTransport(outgoing, "warnings", limits, tls),
            timeout=TIMEOUT_S,
            follow_redirects=False,
            trust_env=False,
            headers={"user-agent": "ganzhi", "accept": "application/cap+xml, application/xml, application/json"},
        ) as client:
            tasks = [
                group.create_task(
                    lead(
                        settings.database.url,
                        f"warnings {source.name}",
                        Stream(source, outgoing, tls).follow if source.streams else Puller(source, client).pull,
                    ),
                    name=f"warnings {source.name}",
                )
                for source in settings.warnings.sources
            ]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
