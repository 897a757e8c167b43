"""Files that are posted one-way: those of an edge come into the inbox, of others nothing is kept."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from hub.diode_settings import Diode, DiodeEdge
from hub.models import Raw
from ingest.diode.folders import Folders
from ingest.diode.keys import keys_of, made
from ingest.diode.receiver import Receiver, router
from tests.unit.test_diode_envelope import file, keys, raw

PUBLIC = made()[1]


async def _posted(folder: Path, *contents: bytes, inbox_mb: int = 1, never_end: Sequence[bytes] = ()) -> list[int]:
    """What is answered to each, while others begin so and never end."""
    settings = Diode(inbox=folder, inbox_mb=inbox_mb, edges=(DiodeEdge(name="video-1", keys=(PUBLIC,)),))
    folders = Folders(settings)
    folders.open()
    assert keys_of(settings.edges)["video-1"]
    app = FastAPI()
    app.state.diode_receiver = Receiver(folders, keys())
    app.include_router(router)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        begun = [asyncio.Event() for _ in never_end]
        hanging = [
            asyncio.create_task(client.post("/edges/files", content=_endless(start, on)))
            for start, on in zip(never_end, begun, strict=True)
        ]
        await asyncio.gather(*(each.wait() for each in begun))
        answers = [(await client.post("/edges/files", content=content)).status_code for content in contents]
        return answers + [answer.status_code for answer in await asyncio.gather(*hanging)]


async def _endless(start: bytes, begun: asyncio.Event) -> AsyncIterator[bytes]:
    yield start
    begun.set()
    await asyncio.sleep(3_600)


def posted(folder: Path, *contents: bytes) -> list[int]:
    """As above."""
    return asyncio.run(_posted(folder, *contents))


def test_who_sends_no_end_holds_nobody_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.diode.receiver.HEAD_S", 0.5)
    good = file(raw())
    hanging = [b"", b"ganzhi-diode-1\n", b"x", b"\n" * 2, b"y", good[:-1]]
    assert asyncio.run(_posted(tmp_path, good, never_end=hanging)) == [202] + [408] * 6
    assert asyncio.run(_posted(tmp_path, good, never_end=[good[:-1]] * 4)) == [503] + [408] * 4


def test_a_signed_file_is_put_into_the_inbox_and_nothing_else_is(tmp_path: Path) -> None:
    good = file(raw(b'{"values":{"a":1}}'))
    forged = good.replace(b'"number":7', b'"number":8')
    assert posted(tmp_path, good, good, forged, good[:-1], b"x" * 100_000, b"") == [202, 202, 422, 422, 422, 422]
    found = list(tmp_path.glob("*.gdx"))
    assert [path.name for path in found] == ["video-1.0a1b2c3d4e5f.000000000007.gdx"]
    assert found[0].read_bytes() == good
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [found[0].name], "no drafts are left"


def test_a_full_inbox_takes_no_more(tmp_path: Path) -> None:
    large: list[Raw] = [raw(os.urandom(600 << 10))]
    assert posted(tmp_path, file(*large), file(*large, number=8)) == [202, 503]
