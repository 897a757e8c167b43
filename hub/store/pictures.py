"""Commits the pictures of events, beside their rows: in the database, or in a folder, where they are on disk before."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from hub.models import Batch, Event, from_micros
from hub.picture import NOT_STORED, Picture, absent
from hub.picture_settings import Pictures
from hub.repeats import Repeats
from hub.stage import Connection, Stage
from hub.store.picture_folder import PictureFolder
from hub.store.statements import statements

SQL = statements(__name__)

EXPIRE = SQL.expire
"""Deletes at most `batch` pictures that came more than `days` ago."""


@dataclass(slots=True)
class Pictured:
    """Pictures of a batch's events, or why they have none."""

    found: list[tuple[Event, Picture]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.found)


class EventPictures(Stage):
    """Stores each picture once with its event; it goes behind the stage of events, and writes nothing without one.

    An event that comes again may bring the picture that was missing. One in conflict with what is stored brings none.
    """

    def __init__(self, settings: Pictures) -> None:
        self._folder = None if settings.folder is None else PictureFolder(settings.folder)

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Write the pictures of events that this commit stores, or has found stored."""
        pictured = batch.of(Pictured).found
        if not pictured:
            return
        stored = {event.id for event in (*batch.events, *batch.of(Repeats).events)}
        found = [(event, picture) for event, picture in pictured if event.id in stored]
        files: Sequence[str | None] = [None] * len(found)
        if self._folder is not None:
            # On disk before the commit: a row never names a file that is not there. One without a row is swept.
            files = await asyncio.to_thread(self._folder.put, [_named(event, picture) for event, picture in found])
            written = zip(found, files, strict=True)
            found = [(e, absent(NOT_STORED) if p.jpeg and file is None else p) for (e, p), file in written]
        await conn.execute(SQL.put, _columns(found, files))


def _named(event: Event, picture: Picture) -> tuple[UUID, int, bytes]:
    return event.id, event.received, picture.jpeg


def _columns(found: Sequence[tuple[Event, Picture]], files: Sequence[str | None]) -> dict[str, object]:
    pictures = [picture for _, picture in found]
    in_rows = zip(pictures, files, strict=True)
    return {
        "event_id": [event.id for event, _ in found],
        "received_at": [from_micros(event.received) for event, _ in found],
        "why": [picture.why or None for picture in pictures],
        "width": [picture.width for picture in pictures],
        "height": [picture.height for picture in pictures],
        "whole": [picture.whole for picture in pictures],
        "content": [picture.jpeg if picture.jpeg and file is None else None for picture, file in in_rows],
        "file": list(files),
    }
