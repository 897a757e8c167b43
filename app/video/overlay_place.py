"""Where a copy with what is found may be written: asked before a stream is opened, which may run for hours."""

import os
from collections.abc import Iterable
from pathlib import Path

from hub.words.sentence import Sentence

ENDINGS = frozenset({".webm", ".mp4", ".m4v", ".mov", ".mkv", ".avi"})


def refused(overlay: Path, inputs: Iterable[Path]) -> Sentence | None:
    """Why it cannot be written there, or would go over what is read; None: it can."""
    folder = overlay.parent
    if not folder.is_dir():
        return Sentence("video.overlay.folder", path=str(folder))
    if not os.access(folder, os.W_OK | os.X_OK):
        return Sentence("video.overlay.denied", path=str(folder))
    if overlay.suffix.lower() not in ENDINGS:
        return Sentence("video.overlay.ending", path=str(overlay))
    if overlay.exists() and any(each.exists() and overlay.samefile(each) for each in inputs):
        return Sentence("video.overlay.own", path=str(overlay))
    return None


def beside(overlay: Path) -> Path:
    """Where it is written until it is whole."""
    return overlay.with_name(f".{overlay.stem[:100]}.part{overlay.suffix}")
