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
from psycopg.types.json import Jsonb

from hub.access.guarded_transport import GuardedTransport
from hub.access.outgoing import Outgoing, OutgoingRefused
from hub.alert_settings import WarningSource
from hub.backoff import Backoff
from hub.lifecycle import Part, Phase
from hub.settings import Settings
from hub.store.leader import lead
from hub.store.statements import statements
from hub.tls import trusting_context
from hub.warnings.formats import decode
from hub.warnings.message import MAX_BYTES, Report, WarningRefused
from hub.warnings.store import LASTS, take
from hub.words.sentence import Sentence, written

SQL = statements(__name__)

log = logging.getLogger(__name__)

TIMEOUT_S = 20.0
LONGEST_S = 300.0
"""Between attempts at a source that fails, unless it is asked less often anyhow."""
CONNECTIONS = 16


class _Failed(Exception):
    """A source could not be asked, or said nothing that can be used"""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


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
        except _Failed as error:
            self._backoff.failed("no warnings come from %s: %s", name, error.sentence)
            await conn.execute(SQL.failed, {"name": name, **_error(error.sentence)})
            return max(self._source.every_s, self._backoff.next_s())
        self._backoff.succeeded()
        known = answer if partly is None else answer._replace(etag=None, last_modified=None)
        heard = {"name": name, "etag": known.etag, "last_modified": known.last_modified}
        await conn.execute(SQL.heard, {**heard, **_error(partly)})
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
                    raise _Failed(Sentence("warning.source.answered", status=told))
                body = bytearray()
                async for block in response.aiter_bytes():
                    body += block
                    if len(body) > MAX_BYTES:
                        raise _Failed(Sentence("warning.refused.size", most=MAX_BYTES >> 20))
                return _Answer(bytes(body), response.headers.get("etag"), response.headers.get("last-modified"))
        except OutgoingRefused as error:
            raise _Failed(error.sentence) from error
        except TimeoutError as error:
            raise _Failed(Sentence("warning.source.slow", host=where, seconds=f"{TIMEOUT_S:g}")) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            what = str(error)[:200] or type(error).__name__
            raise _Failed(Sentence("warning.source.away", host=where, error=what)) from error

    async def _store(self, conn: psycopg.AsyncConnection, answer: _Answer, received: datetime) -> Sentence | None:
        """Returns what was wrong with a part of it; an unchanged document says what it said before."""
        source = self._source
        if answer.body is None:
            until = received + LASTS
            await conn.execute(SQL.lasts, {"name": source.name, "until": until, "half": until - LASTS / 2})
            return None
        try:
            report = await asyncio.to_thread(decode, answer.body, source.format, received)
            async with conn.transaction():
                taken = await take(conn, report, source.name, source.format, f"source:{source.name}", received)
        except WarningRefused as error:
            raise _Failed(error.sentence) from error
        except (psycopg.Error, OSError) as error:
            if not isinstance(error, psycopg.DataError):
                raise  # of the database, not of the document
            raise _Failed(Sentence("warning.source.unstorable", error=str(error)[:200])) from error
        except Exception as error:  # nobody foresaw the document: it fails its own source, and no other
            told = f"{type(error).__name__}: {error}"[:200]
            raise _Failed(Sentence("warning.source.unstorable", error=told)) from error
        if taken.stored or taken.ended:
            new, ended = len(taken.stored), len(taken.ended)
            log.info("%s: %d warnings say something new, %d have ended", source.name, new, ended)
        return _partly(report)


def _partly(report: Report) -> Sentence | None:
    if not report.refused:
        return None
    pointer, why = report.refused[0]
    return Sentence("warning.source.partly", count=len(report.refused), pointer=pointer, why=why)


def _error(sentence: Sentence | None) -> dict[str, object]:
    return {
        "error": None if sentence is None else str(sentence),
        "words": None if sentence is None else Jsonb(written(sentence)),
    }


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
        async with httpx.AsyncClient(
            transport=GuardedTransport(Outgoing(settings), "warnings", limits, tls),
            timeout=TIMEOUT_S,
            follow_redirects=False,
            trust_env=False,
            headers={"user-agent": "ganzhi", "accept": "application/cap+xml, application/xml, application/json"},
        ) as client:
            tasks = [
                group.create_task(
                    lead(settings.database.url, f"warnings {source.name}", Puller(source, client).pull),
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
