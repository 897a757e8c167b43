"""A clip is stored once, to an event that is stored, however both come; an event whose clip never came says so."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from app.serve.pictures_sweep import sweep
from hub.clip import BUSY, FOLLOWS, SHED, Clip, no_clip
from hub.models import Batch, Origin, Raw, from_micros, now_micros
from hub.picture import NOT_STORED, Picture
from hub.picture_settings import Pictures
from hub.settings import Database, Settings
from hub.store.picture_folder import PictureFolder
from hub.store.pool import open_pool
from hub.words import catalogue
from tests.support.staged_hub import StagedHub

SEED = """
insert into profile (code, name, metrics) values ('camera', 'Camera', '{}');
insert into device (code, name, profile_id) values ('cam', 'Cam', 1);
"""
CLIP = Clip(b"RIFF....WEBPVP8X the clip", 640, 360, 10.0, 5.0)
OTHER = CLIP._replace(webp=b"RIFF....WEBPVP8X another one")
ROWS = (
    "select clip_why(c.why, c.received_at), c.content, c.file from event e left join event_clip c on c.event_id = e.id"
)

COMMENT = (
    "select col_description(a.attrelid, a.attnum) from pg_attribute a where a.attrelid = %s::regclass "
    "and a.attname = 'why'"
)


def said(number: int, clip: Clip, *, later: bool = False) -> Raw:
    """A finding with what is told of its clip, or (`later`) with the clip."""
    body = {"ts": from_micros(AT - 60_000_000 * number).isoformat(), "kind": "black", "state": "active"}
    origin = Origin("video", "cam", "cam", "frame", protocol="video")
    return Raw(origin, json.dumps({**body, "clip": True} if later else body).encode(), now_micros(), clip=clip)


def in_folder(folder: Path) -> Settings:
    return Settings(pictures=Pictures(store="folder", folder=folder))


AT = now_micros()


@pytest.fixture
async def hub(database: str) -> AsyncIterator[StagedHub]:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(SEED)
    async with open_pool(Database(url=database)) as pool:
        yield await StagedHub(pool).restore()


async def take(hub: StagedHub, *raws: Raw) -> list[tuple[str | None, bytes | None, str | None]]:
    """Commit them as one batch; what is stored of clips then."""
    await hub.take(hub.read(Batch(list(raws))))
    async with hub.pool.connection() as conn:
        return await (await conn.execute(ROWS)).fetchall()


async def test_a_clip_comes_after_its_event_and_only_the_first_one_stays(hub: StagedHub) -> None:
    assert await take(hub, said(0, no_clip(FOLLOWS))) == [("follows", None, None)]
    assert await take(hub, said(0, CLIP, later=True)) == [(None, CLIP.webp, None)]
    for again in (said(0, OTHER, later=True), said(0, no_clip(BUSY), later=True), said(0, no_clip(FOLLOWS))):
        assert await take(hub, again) == [(None, CLIP.webp, None)]


async def test_event_and_clip_may_be_in_one_batch_and_a_reason_may_stand_for_the_clip(hub: StagedHub) -> None:
    assert await take(hub, said(0, no_clip(FOLLOWS)), said(0, CLIP, later=True)) == [(None, CLIP.webp, None)]
    await take(hub, said(1, no_clip(FOLLOWS)), said(1, no_clip(SHED), later=True))
    found = await take(hub, said(1, no_clip(BUSY), later=True))
    assert min(found, key=str) == ("shed", None, None), "the first reason is the one"
    assert len(found) == 2


async def test_there_is_no_clip_without_an_event_and_none_makes_one(hub: StagedHub) -> None:
    assert await take(hub, said(0, CLIP, later=True)) == []
    async with hub.pool.connection() as conn:
        [(clips, letters)] = await (
            await conn.execute("select (select count(*) from event_clip), (select count(*) from dead_letter)")
        ).fetchall()
    assert (clips, letters) == (0, 0)
    assert await take(hub, said(0, no_clip(FOLLOWS))) == [("follows", None, None)]


async def test_an_event_whose_clip_does_not_come_says_so_and_takes_it_even_then(hub: StagedHub) -> None:
    await take(hub, said(0, no_clip(FOLLOWS)))
    async with hub.pool.connection() as conn:
        await conn.execute("update event_clip set received_at = received_at - interval '3 minutes'")
        assert await (await conn.execute(ROWS)).fetchall() == [("lost", None, None)]
    assert await take(hub, said(0, CLIP, later=True)) == [(None, CLIP.webp, None)]


async def test_clips_in_a_folder_are_swept_when_no_row_names_them(
    hub: StagedHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await StagedHub(hub.pool, settings=in_folder(tmp_path)).restore()
    [(why, content, name)] = await take(kept, said(0, no_clip(FOLLOWS)), said(0, CLIP, later=True))
    assert (why, content) == (None, None)
    assert name is not None
    assert (tmp_path / name).read_bytes() == CLIP.webp
    await take(kept, said(1, CLIP, later=True))
    monkeypatch.setattr("hub.store.picture_folder.UNNAMED_S", -1.0)
    assert [len(day) for day in PictureFolder(tmp_path).old()] == [2]
    assert await sweep(hub.pool, tmp_path) == 1, "that of an event which is not stored"
    assert (tmp_path / name).exists()


async def test_another_clip_of_an_event_leaves_the_file_of_the_first_one_as_it_is(
    hub: StagedHub, tmp_path: Path
) -> None:
    kept = await StagedHub(hub.pool, settings=in_folder(tmp_path)).restore()
    [(_, _, name)] = await take(kept, said(0, no_clip(FOLLOWS)), said(0, CLIP, later=True))
    assert name is not None
    assert await take(kept, said(0, OTHER, later=True)) == [(None, None, name)]
    assert (tmp_path / name).read_bytes() == CLIP.webp


async def test_a_folder_that_takes_nothing_holds_no_event_up_and_says_so(
    hub: StagedHub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "pictures"
    folder.write_bytes(b"no folder")
    kept = await StagedHub(hub.pool, settings=in_folder(folder)).restore()
    pictured = said(0, no_clip(FOLLOWS))._replace(pictures=(Picture(b"jpeg", 640, 360),))
    assert await take(kept, pictured, said(0, CLIP, later=True)) == [(NOT_STORED, None, None)]
    found = "select why, content, file from event_picture"
    async with hub.pool.connection() as conn:
        assert await (await conn.execute(found)).fetchall() == [(NOT_STORED, None, None)]
    folder.unlink()
    [(why, _, name)] = await take(kept, said(0, CLIP, later=True))
    assert why is None, "what comes again brings it"
    assert (folder / str(name)).read_bytes() == CLIP.webp
    told = [record.levelname for record in caplog.records if "picture" in record.message]
    assert told == ["ERROR", "ERROR", "WARNING"], "once by each of the two stages, and that it is back"


@pytest.mark.parametrize(("table", "names"), [("event_picture", "picture."), ("event_clip", "clip.")])
async def test_the_schema_names_all_reasons(hub: StagedHub, table: str, names: str) -> None:
    async with hub.pool.connection() as conn:
        [[comment]] = await (await conn.execute(COMMENT, [table])).fetchall()
    reasons = {key.split(".")[1] for key in catalogue() if key.startswith(names)} - {"lost"}  # none is stored
    assert "not_stored" in reasons
    assert {each for each in reasons if each not in comment} == set()
