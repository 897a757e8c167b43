"""What a source says, however it came: stored, and noted of its source."""

import asyncio
import logging
from datetime import datetime

import psycopg
from psycopg.types.json import Jsonb

from hub.alert_settings import WarningSource
from hub.store.statements import statements
from hub.warnings.formats import decode
from hub.warnings.message import Report, WarningRefused
from hub.warnings.store import on, take
from hub.words.sentence import Sentence, written

SQL = statements(__name__)

log = logging.getLogger(__name__)

TIMEOUT_S = 20.0
"""Within which a source answers, or a connection to it is open."""


class SourceFailed(Exception):
    """A source could not be asked, or said nothing that can be used"""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


async def stored(
    conn: psycopg.AsyncConnection, source: WarningSource, body: bytes, received: datetime
) -> Sentence | None:
    """Store a document; returns what was wrong with a part of it. SourceFailed when it cannot be used."""
    try:
        report = await asyncio.to_thread(decode, body, source.format, received)
        if not report.messages and not report.state:  # a heartbeat
            return _partly(report)
        taken = await take(on(conn), report, source.name, source.format, f"source:{source.name}", received)
    except WarningRefused as error:
        raise SourceFailed(error.sentence) from error
    except (psycopg.Error, OSError) as error:
        if not isinstance(error, psycopg.DataError):
            raise  # of the database, not of the document
        raise SourceFailed(Sentence("warning.source.unstorable", error=str(error)[:200])) from error
    except Exception as error:  # nobody foresaw the document: it fails its own source, and no other
        told = f"{type(error).__name__}: {error}"[:200]
        raise SourceFailed(Sentence("warning.source.unstorable", error=told)) from error
    if taken.stored or taken.ended:
        new, ended = len(taken.stored), len(taken.ended)
        log.info("%s: %d warnings say something new, %d have ended", source.name, new, ended)
    return _partly(report)


async def heard(
    conn: psycopg.AsyncConnection,
    name: str,
    wrong: Sentence | None,
    etag: str | None = None,
    modified: str | None = None,
) -> None:
    """A source has said something; what was wrong with it, and the validators of its document."""
    await conn.execute(SQL.heard, {"name": name, "etag": etag, "last_modified": modified, **_error(wrong)})


async def failed(conn: psycopg.AsyncConnection, name: str, why: Sentence) -> None:
    """A source says nothing."""
    await conn.execute(SQL.failed, {"name": name, **_error(why)})


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
