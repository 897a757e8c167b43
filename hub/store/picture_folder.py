"""A folder of pictures and clips: a folder a day, a file for each, on the disk before the commit that names it."""

import logging
import os
import re
import time
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from uuid import UUID

from hub.backoff import Backoff
from hub.models import Micros, from_micros

log = logging.getLogger(__name__)

UNNAMED_S = 3600.0
"""A file that no row names by then was of a commit that failed, or of a picture whose days are over."""
_NAME = re.compile(r"\d{4}-\d{2}-\d{2}/[0-9a-f-]{36}(?:-[0-9a-f]{16})?\.(?:jpg|webp)")


class PictureFolder:
    """Files by the name that their rows hold. It blocks: call it from a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state = Backoff(log, "pictures are written to %s again", folder)

    def put(self, pictures: Sequence[tuple[UUID, Micros, bytes]], ending: str = "jpg") -> list[str | None]:
        """Write pictures (event, time of arrival, content) to the disk; their names, None where there is none.

        The same picture again is the same file, and another one of the same event another file. None, too, where the
        disk refuses: an alarm waits for no picture.
        """
        names = list[str | None]()
        for picture in pictures:
            try:
                names.append(self._write(*picture, ending) if picture[2] else None)
            except OSError as error:
                names.append(None)
                self._state.failed("events go without their pictures, for %s takes none: %s", self._folder, error)
            else:
                if picture[2]:
                    self._state.succeeded()
        return names

    def read(self, name: str) -> bytes | None:
        """A picture; None where it is not there."""
        if _NAME.fullmatch(name) is None:
            return None
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def old(self) -> Iterator[list[str]]:
        """Names of files that are older than UNNAMED_S, a day at a time; what else lies in the folder is left alone."""
        before = time.time() - UNNAMED_S
        for day in sorted(self._folder.glob("????-??-??")):
            found = [f"{day.name}/{file.name}" for file in day.iterdir() if file.stat().st_mtime < before]
            yield [name for name in found if _NAME.fullmatch(name.removesuffix(".new"))]

    def remove(self, names: Sequence[str]) -> None:
        """Delete files, and the folders of days that are empty then."""
        for name in names:
            (self._folder / name).unlink(missing_ok=True)
        for day in {self._folder / name.partition("/")[0] for name in names}:
            if not any(day.iterdir()):
                day.rmdir()

    def _write(self, event: UUID, received: Micros, content: bytes, ending: str) -> str:
        day = f"{from_micros(received):%Y-%m-%d}"
        if not (self._folder / day).is_dir():
            (self._folder / day).mkdir(parents=True, exist_ok=True)
            _sync(self._folder)
        name = f"{day}/{event}-{blake2b(content, digest_size=8).hexdigest()}.{ending}"
        path = self._folder / f"{name}.new"
        try:
            with path.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            path.replace(self._folder / name)
            _sync(self._folder / day)
        except OSError:
            path.unlink(missing_ok=True)  # a full disk has room for alarms
            raise
        return name


def _sync(folder: Path) -> None:
    """Make what a folder names last."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
