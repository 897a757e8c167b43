"""Commits the clips of events, which come some seconds after them: each to an event that is stored, and once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.clip import Clip, no_clip
from hub.models import Batch, Event, from_micros
from hub.picture import NOT_STORED
from hub.picture_settings import Pictures
from hub.stage import Connection, Stage
from hub.store.picture_folder import PictureFolder
from hub.store.statements import statements

SQL = statements(__name__)

EXPIRE = SQL.expire
"""Deletes at most `batch` clips that came more than `days` ago."""


@dataclass(slots=True)
class Clipped:
    """Clips of events, or that one follows, or why there is none; the event may be in a batch before."""

    found: list[tuple[Event, Clip]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.found)


class EventClips(Stage):
    """Stores each clip once where its event is stored; it goes behind the stage of events.

    With its event it is announced ("follows"): an event whose clip never comes says that.
    """

    def __init__(self, settings: Pictures) -> None:
        self._folder = None if settings.folder is None else PictureFolder(settings.folder)

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Write them; one whose event is not stored leaves nothing, but for a file that is swept."""
        found = batch.of(Clipped).found
        if not found:
            return
        files: Sequence[str | None] = [None] * len(found)
        if self._folder is not None:
            # On disk before the commit, as pictures are.
            clips = [(event.id, event.received, clip.webp) for event, clip in found]
            files = await asyncio.to_thread(self._folder.put, clips, "webp")
            written = zip(found, files, strict=True)
            found = [(e, no_clip(NOT_STORED) if clip.webp and file is None else clip) for (e, clip), file in written]
        await conn.execute(SQL.put, _columns(found, files))


def _columns(found: Sequence[tuple[Event, Clip]], files: Sequence[str | None]) -> dict[str, object]:
    clips = [clip for _, clip in found]
    in_rows = zip(clips, files, strict=True)
    return {
        "event_id": [event.id for event, _ in found],
        "received_at": [from_micros(event.received) for event, _ in found],
        "why": [clip.why or None for clip in clips],
        "width": [clip.width for clip in clips],
        "height": [clip.height for clip in clips],
        "seconds": [clip.seconds for clip in clips],
        "before_s": [clip.before_s for clip in clips],
        "whole": [clip.whole for clip in clips],
        "content": [clip.webp if clip.webp and file is None else None for clip, file in in_rows],
        "file": list(files),
    }
