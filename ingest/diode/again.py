"""Files that were set aside: what they are, and taking them again; at the hub's own folders, by who may write there."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hub.models import Micros
from hub.words.sentence import Sentence
from ingest.diode.envelope import MAX_BODY, MAX_HEAD, Head, UnusableError, head_of, messages_of, opened
from ingest.diode.folders import AGAIN, ASIDE
from ingest.diode.keys import Keys


class Kept(NamedTuple):
    """A file that was set aside."""

    name: str
    size: int
    head: Head | None
    """As it claims; None: it has none that can be read."""
    why: Sentence | None
    """Why it could not be taken now by itself; None: it is signed and whole."""


class Content(NamedTuple):
    """What is in a file that is signed and whole; no payloads: they may be about persons."""

    messages: Counter[tuple[str, str, str]]
    """By device, protocol and form."""
    first: Micros | None
    last: Micros | None
    """When the edge had them."""


def kept(inbox: Path, keys: Keys) -> Iterator[Kept]:
    """All that were set aside, by name. OSError."""
    for path in sorted((inbox / ASIDE).iterdir()):
        content = _content(path)
        size = path.lstat().st_size
        try:
            head = head_of(content[: MAX_HEAD + 256])[0]
        except UnusableError as error:
            yield Kept(path.name, size, None, error.sentence)
            continue
        try:
            opened(content, keys)
        except UnusableError as error:
            yield Kept(path.name, size, head, error.sentence)
        else:
            yield Kept(path.name, size, head, None)


def content_of(inbox: Path, name: str, keys: Keys) -> Content:
    """What is in one of them. UnusableError, OSError."""
    raws = messages_of(opened(_content(inbox / ASIDE / _plain(name)), keys), 0, 0)
    times = [raw.received for raw in raws]
    by = Counter((raw.origin.device or raw.origin.gateway or "", raw.origin.protocol, raw.origin.form) for raw in raws)
    return Content(by, min(times, default=None), max(times, default=None))


def is_aside(inbox: Path, name: str) -> bool:
    """Whether a file of this name was set aside. A name with a folder in it is none."""
    return name == Path(name).name and (inbox / ASIDE / name).is_file()


def is_waiting(inbox: Path, name: str) -> bool:
    """Whether one of this name is to be taken again, and was not yet."""
    return name == Path(name).name and (inbox / AGAIN / name).is_file()


def take(inbox: Path, name: str) -> None:
    """Have the hub take a file again: by its number, or, where that is another file's, beside it. OSError."""
    (inbox / ASIDE / _plain(name)).rename(inbox / AGAIN / _plain(name))


def _plain(name: str) -> str:
    """FileNotFoundError: it is no name in that folder."""
    if name != Path(name).name or name in ("", ".", ".."):
        raise FileNotFoundError(2, "No such file", name)
    return name


def _content(path: Path) -> bytes:
    if not path.is_file() or path.stat().st_size > MAX_BODY + MAX_HEAD:
        return b""
    return path.read_bytes()
