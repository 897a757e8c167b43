"""What a PDF document says."""

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from pypdf import PdfReader


def folder_of_fonts() -> Path | None:
    """Where the system has a font with Chinese characters; None: there is none, or nothing that tells."""
    if shutil.which("fc-match") is None or not _told("fc-list", ":lang=zh"):
        return None
    return Path(_told("fc-match", "-f", "%{file}", ":lang=zh-cn")).parent


def _told(*command: str) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


with_fonts = pytest.mark.skipif(folder_of_fonts() is None, reason="needs fontconfig and a font with Chinese characters")


def pages(pdf: bytes) -> list[str]:
    """The text of each page."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def close(line: str) -> str:
    """Without spaces: a document sets a small one between Chinese and Latin characters."""
    return "".join(line.split())
