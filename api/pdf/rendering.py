"""PDF documents: a template and data, made by a process of its own with limits: loop and memory stay free."""

import asyncio
import json
import sys
from asyncio import Semaphore
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from subprocess import PIPE
from typing import Any
from uuid import UUID

from api.pdf import NO_FONT
from api.problems import ProblemError
from hub.children import Command, Limits, child
from hub.words import Lang, text

MOST_BYTES = 8 << 20
"""Of data as JSON: some 40,000 rows of a table."""
LIMITS = Limits(memory_bytes=4 << 30, cpu_s=30)
"""Of one document. 1 MB of text in one cell took 2 s."""
LONGEST_S = 120.0
"""On a clock, where others have the processors."""
TURNS = Semaphore(2)
"""Documents that are made at a time; further ones wait."""


async def rendered(template: str, data: Mapping[str, Any], lang: Lang, fonts: Path | None) -> bytes:
    """A document as PDF: `template` names a file of api/pdf/templates, which says what `data` holds.

    `fonts` is a folder of fonts besides those of the system. All text in `data` is printed as it is, never read as
    markup. Raises ProblemError in `lang`: 503 where there is no font or no time, 413 for too much data.
    """
    given = json.dumps({**data, "lang": lang}, default=_plain).encode()
    if len(given) > MOST_BYTES:
        raise ProblemError(413, text("pdf.too_large", lang))
    arguments: list[str | Path] = [sys.executable, "-m", "api.pdf.child", template]
    if fonts is not None:
        arguments.append(fonts)
    async with TURNS, child(Command(arguments, LIMITS, output=PIPE)) as process:
        try:
            async with asyncio.timeout(LONGEST_S):
                made, _ = await process.communicate(given)
        except TimeoutError:
            raise ProblemError(503, text("pdf.too_long", lang)) from None
    if process.returncode == NO_FONT:
        raise ProblemError(503, text("pdf.no_font", lang))
    if process.returncode is not None and process.returncode < 0:
        raise ProblemError(503, text("pdf.too_long", lang))
    if process.returncode:
        raise RuntimeError(f"the process that makes a PDF ended with {process.returncode}; its reason stands above")
    return made


def _plain(value: object) -> str:
    """What JSON has no form for."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not printed")
