"""The streams that a child reads: a task of the network and a thread that decodes for each."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from traceback import format_exception
from typing import cast

from analytics.video.settings import BadVideoSettings
from app.video.glance import glanced
from app.video.hush import Hush
from app.video.leftovers import Leftovers
from app.video.looking import Looking, settings_of
from app.video.overlay import Overlay
from app.video.threads import StreamThread, read_file
from app.video.trust import trust_of
from app.video.voice import Voice
from devices.cameras.camera_url import Login, parse_url
from devices.cameras.failure import CameraFailed, Step
from devices.cameras.http_peer import HttpPeer
from hub.words.sentence import Sentence
from ingest.clips.place import Place
from ingest.video.addressed import Addressed
from ingest.video.http_pictures import pictures
from ingest.video.marks import SLOTS, Marks
from ingest.video.messages import Close, Ended, Glance, Open, OpenFile, Report, SetPace, Showing, Told, ended
from ingest.video.parameter_sets import Encoding
from ingest.video.rtp import Unit
from ingest.video.rtsp import RtspStream
from ingest.video.toll import Toll

log = logging.getLogger(__name__)

JOIN_S = 5.0
"""Until a thread that is told to end has ended; one that hangs is left to the parent, which sees its mark."""


class Streams:
    """All of a child."""

    def __init__(self, marks: Marks, tell: Callable[[Report], None]) -> None:
        """`tell` may be called by any thread."""
        self._marks, self._tell = marks, tell
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._threads: dict[int, StreamThread] = {}
        self._leftovers = Leftovers()
        self._places: dict[str, Place] = {}
        """By camera: what is known of a place outlasts its stream. As many as there are cameras."""

    def close(self) -> None:
        """End all of them; their group waits for that."""
        for task in self._tasks.values():
            task.cancel()

    def take(self, told: Told, group: asyncio.TaskGroup) -> None:
        """Do what the parent tells; streams live in the group."""
        match told:
            case Open() | OpenFile() | Glance():
                task = group.create_task(self._kept(told), name=f"stream {told.slot}")
                task.add_done_callback(self._leftovers.left)
                self._tasks[told.slot] = task
            case Close() if (reading := self._tasks.get(told.slot)) is not None:
                reading.cancel()
            case SetPace() if (thread := self._threads.get(told.slot)) is not None:
                thread.pace(told.pace)

    async def _kept(self, told: Open | OpenFile | Glance) -> None:
        slot = told.slot
        end, voice, hush = Ended(slot), Voice(self._tell), Hush(told)
        try:
            if isinstance(told, Open):
                await self._stream(told, voice)
            elif isinstance(told, Glance):
                voice(await glanced(told, self._marks))
            else:
                end = await self._file(told, voice)
        except CameraFailed as error:
            end = ended(slot, error.step, hush.sentence(error.sentence))
        except BadVideoSettings as error:
            end = ended(slot, "path", str(error))
        except asyncio.CancelledError:
            pass
        except Exception as error:  # noqa: BLE001 it is logged, without passwords
            log.error("stream %d: %s", slot, hush.text("".join(format_exception(error))))
            why = f"{type(error).__name__}: {error}"
            told_error = hush.text(why)[:200]
            end = ended(slot, "answer", Sentence("camera.failed.unforeseen", error=told_error))
        finally:
            self._tasks.pop(slot, None)
            voice.end(end)

    async def _file(self, told: OpenFile, voice: Voice) -> Ended:
        looking = self._looking(told, voice)
        reading = partial(read_file, told.slot, Path(told.path), looking, self._marks)
        why = await asyncio.to_thread(reading)
        return ended(told.slot, "answer", why) if why else Ended(told.slot)

    def _looking(self, told: Open | OpenFile, voice: Voice) -> Looking:
        settings = settings_of(told.settings)
        overlay = Overlay(Path(told.overlay), told.fps, settings) if told.overlay else None
        if isinstance(told, OpenFile):
            return Looking(told.slot, settings, told.fps, voice, overlay)
        place = None if told.showing is None else self._place(told.camera, told.showing)
        clip_s = settings.clip_s if told.showing is not None and told.showing.clips and settings.clips else 0.0
        return Looking(told.slot, settings, told.fps, voice, overlay, told.zone, place, clip_s)

    def _place(self, camera: str, showing: Showing) -> Place:
        place = self._places.pop(camera, None) or Place(
            showing.occasions, showing.occasion, showing.seed, showing.place
        )  # fmt: skip
        while len(self._places) >= SLOTS:
            del self._places[next(iter(self._places))]  # that which was opened longest ago
        self._places[camera] = place
        return place

    async def _stream(self, told: Open, voice: Voice) -> None:
        """Until it ends, which is a failure."""
        url, _ = parse_url("rtsp", told.url)
        login = None if told.login is None else Login(*told.login)
        peer = HttpPeer(url, login, Addressed(told.addresses), trust_of(url, told.tls))
        looking = self._looking(told, voice)
        if url.scheme.startswith("rtsp"):
            stream = RtspStream(peer, login, told.silent_s)
            async with stream.opened() as (encoding, units), self._running(told, encoding, looking) as put:
                async for unit in units:
                    looking.reading_s = stream.toll.spent
                    put(unit)
            return
        toll = Toll()
        async with self._running(told, None, looking) as put:
            async for picture in pictures(peer, told.fps, told.silent_s, toll):
                looking.reading_s = toll.spent
                put(Unit(picture, is_key=True, is_needed=True, size=None))

    @asynccontextmanager
    async def _running(
        self, told: Open, encoding: Encoding | None, looking: Looking
    ) -> AsyncIterator[Callable[[Unit], None]]:
        """The thread of a stream as long as that is read: takes pictures, or raises why they cannot be decoded."""
        failed = list[CameraFailed]()

        def over(step: str, sentence: str) -> None:
            failed.append(CameraFailed(cast("Step", step), cast("Sentence", sentence)))

        thread = StreamThread(told.slot, encoding, looking, self._marks, over)

        def put(unit: Unit) -> None:
            if failed:
                raise failed[0]
            if thread.is_blind:
                raise CameraFailed("answer", Sentence("camera.failed.decoder"))
            looking.received += len(unit.data)
            thread.feed.put(unit)

        self._threads[told.slot] = thread
        thread.pace(told.pace)
        thread.start()
        try:
            yield put
        finally:
            del self._threads[told.slot]
            thread.stop()
            await asyncio.shield(asyncio.to_thread(thread.join, JOIN_S))
