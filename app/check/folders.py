"""Folders of the settings: whether the hub may write there."""

import os
from pathlib import Path

from app.check.finding import Finding


def writable(setting: str, folder: Path) -> Finding:
    """Whether a folder can be written, or made where it is not there yet."""
    there = existing(folder)
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Finding("ok", f"{setting}: {folder}" + ("" if folder.exists() else " will be made"))
    return Finding("fail", f"{setting}: {folder} cannot be written", "give the hub's user the right to")


def existing(folder: Path) -> Path:
    """A folder, or the nearest one above it that is there."""
    return next(each for each in (folder, *folder.absolute().parents) if each.exists())
