"""The patrol of a hub (轮巡): cameras that nobody looks at steadily are visited by turns, a few frames of each.

What is found begins and ends across rounds: it is told once when it begins, and once when it has ended. One process of
all goes on patrol; after a restart a round goes on with those whose turn it still is.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress

from devices.cameras.camera_url import BadUrlError, CameraUrl
from devices.cameras.failure import CameraFailed
from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import OutgoingRefused
from hub.backoff import Backoff
from hub.errors import HubError
from hub.models import Delivery, Outcome, Raw, from_micros, now_micros
from hub.pipeline import Sink
from hub.secrets.sealed import Secrets, SecretUnreadable
from hub.store.pool import Pool
from hub.video_settings import Video
from hub.words.sentence import Sentence
from ingest.cameras.alerts import Pass
from ingest.cameras.keeping import OriginOf
from ingest.video.itinerary import Itinerary, Stop
from ingest.video.messages import NOBODY, Trusted
from ingest.video.patrols import Patrols, Turn
from ingest.video.reader import Reader
from ingest.video.share import FIRST, at_once, cpu_s, share_of
from ingest.video.visits import COUNTS, Visit, Visits

log = logging.getLogger(__name__)

PROTOCOL = "video"
LOST = "signal_loss"
ENDS = 0.4
"""The score of a fault below which it has ended: it began at COUNTS."""
EVERY_S, SHARE_S = 2.0, 5.0
"""How often it is asked whether a round is due and who is visited no more; and how much of its share is used."""
AT_ONE_TIME = 50
"""Cameras of which it is told at one time that they are lost."""
Steady = Callable[[], tuple[float, bool]]
"""Processors that the steady analysis takes now, and whether some of it is shed."""


class Patrol:
    """See Source in app/serve/sources.py."""

    connected, behind = True, False

    def __init__(
        self, settings: Video, sink: Sink, pool: Pool, secrets: Secrets, outgoing: Outgoing, origin: OriginOf,
        gate: Pass, permitted: Callable[[], bool], steady: Steady, tls: Trusted = NOBODY, reader: Reader | None = None,
    ) -> None:  # fmt: skip
        """While it is not `permitted` another process goes."""
        self._settings, self._sink, self._secrets, self._outgoing = settings, sink, secrets, outgoing
        self._patrols, self._origin, self._gate, self._permitted = Patrols(pool), origin, gate, permitted
        self._steady = steady
        self._reader = reader or Reader("video patrol", settings.patrol.at_once)
        self._at_once = min(FIRST, settings.patrol.at_once)
        self._visits = Visits([self._reader], settings.silent_s, self._addresses, lambda: self._at_once, tls)
        self._stopping = asyncio.Event()
        self._backoff = Backoff(log, "the patrol goes on", longest_s=30)
        self._last = 0
        self._ending = asyncio.Lock()

    def reasons(self) -> list[str]:
        """Nothing of it keeps the hub from being ready."""
        return []

    def stop(self) -> None:
        """Visit nobody any more."""
        self._stopping.set()

    def close(self) -> None:
        """Nothing is open once `run` has returned."""

    async def run(self) -> None:
        """Go on patrol until `stop`."""
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(self._reader.run(), name="patrol.reader")
            sharing = group.create_task(self._keep_share(), name="patrol.share")
            going: asyncio.Task[None] | None = None
            while not self._stopping.is_set():
                is_going = going is not None and not going.done()
                if self._permitted() and not is_going:
                    going = group.create_task(self._turn(), name="patrol.round")
                elif not self._permitted() and going is not None:
                    going.cancel()
                elif self._permitted():
                    await self._guarded(self._end_gone)
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY_S):
                        await self._stopping.wait()
            for task in (going, reading, sharing):
                if task is not None:
                    task.cancel()

    async def _guarded(self, work: Callable[[], object]) -> None:
        try:
            await work()  # type: ignore[misc]
            self._backoff.succeeded()
        except HubError as error:
            self._backoff.failed("the patrol waits: %s", error)

    async def _turn(self) -> None:
        await self._guarded(self._rounds)
        if self._backoff.down:
            await self._backoff.wait(self._stopping)

    async def _rounds(self) -> None:
        """Go on with the round that is not over, or begin one that is due."""
        for device, messages in await self._patrols.unfinished():
            await self._store([self._raw(device, told) for told in messages], device)
        await self._end_gone()
        round_ = await self._patrols.round(self._settings.patrol.every_s)
        number = round_.number if round_ is not None and not round_.is_over else None
        if round_ is not None and number is None and not round_.is_old:
            return
        if number is None:
            if not await self._patrols.due(None):
                await self._judge(0 if round_ is None else round_.number)
                return
            number = await self._patrols.begin()
        turns = {turn.wanted.device: turn for turn in await self._patrols.due(number)}
        log.info("the patrol visits %d cameras", len(turns))
        await self._go(number, turns)
        await self._judge(number)
        await self._patrols.end(number)

    async def _judge(self, number: int) -> None:
        """Who is lost with others is one finding with them; who is lost of his own is told."""
        found = await self._patrols.found(LOST)
        held = await self._patrols.hold(number, found)
        alone = [
            (each.camera, each.faults)
            for each in found
            if each.is_lost and not each.is_told and each.camera not in held
        ]
        for at in range(0, len(alone), AT_ONE_TIME):
            await self._lose(dict(alone[at : at + AT_ONE_TIME]))

    async def _lose(self, cameras: dict[str, frozenset[str]]) -> None:
        """Tell of some that they are lost; of each, what was told of it and is not over."""
        message = _message(from_micros(now_micros()).isoformat(), LOST, "active", 1.0)
        for device, was in cameras.items():
            await self._patrols.telling(device, [message], was | {LOST})
        await self._store([self._raw(device, message) for device in cameras], *cameras)
        for device in cameras:
            await self._patrols.down(device)

    async def _go(self, number: int, turns: dict[str, Turn]) -> None:
        stops = list[Stop]()
        for device, turn in turns.items():
            try:
                stops.append(Stop(device, *turn.wanted.opened(self._secrets)))
            except (BadUrlError, SecretUnreadable) as error:
                log.warning("camera %s is not visited: %s", device, error.sentence)
                await self._patrols.skipped(device, "url" if isinstance(error, BadUrlError) else "secret")

        async def tell(visit: Visit) -> None:
            await self._tell(number, turns[visit.stop.camera], visit)

        await self._visits.go(Itinerary(stops), lambda stop: turns[stop.camera].place, tell)

    async def _tell(self, number: int, turn: Turn, visit: Visit) -> None:
        """What has begun, and what has ended since it was told; then how it was found.

        Whether one that shows nothing is lost of its own is judged at the end of the round.
        """
        device, shown, was = turn.wanted.device, visit.shown, turn.faults
        if visit.failure is not None and visit.failure.of == "reader":
            await self._patrols.skipped(device, "reader")
            return  # nobody knows how it is
        if visit.failure is not None and visit.failure.of == "camera" and LOST not in was:
            await self._patrols.visited(number, turn, visit, waits=True)
            return
        now = _lasting(visit, was)
        scores = {LOST: 1.0} if shown is None else shown.scores
        at = from_micros(now_micros()).isoformat()
        told = [_message(at, kind, "active", scores.get(kind, 0.0)) for kind in sorted(now - was)]
        begun = len(told)
        told += [_message(at, kind, "ended", scores.get(kind, 0.0)) for kind in sorted(was - now)]
        if told:
            raws = [self._raw(device, each) for each in told]
            if begun and shown is not None and shown.picture:
                picture = await self._gate(device, shown.picture)
                raws = [each._replace(pictures=(picture,)) if n < begun else each for n, each in enumerate(raws)]
            await self._patrols.telling(device, told, now)
            await self._store(raws, device)
        await self._patrols.visited(number, turn, visit, waits=False)

    async def _end_gone(self) -> None:
        """What lasted at a camera that is visited no more is told to have ended."""
        async with self._ending:
            await self._end_all()

    async def _end_all(self) -> None:
        for device, faults in await self._patrols.gone():
            at = from_micros(now_micros()).isoformat()
            told = [_message(at, kind, "ended", 0.0) for kind in sorted(faults)]
            if told:
                await self._patrols.telling(device, told, frozenset())
                await self._store([self._raw(device, each) for each in told], device)
            await self._patrols.forget(device)

    def _raw(self, device: str, told: str) -> Raw:
        self._last = max(now_micros(), self._last + 1)
        return Raw(self._origin(PROTOCOL, device, ""), told.encode(), self._last)

    async def _store(self, raws: list[Raw], *devices: str) -> None:
        """Returns once they are stored, so that a message is told again or known to be stored."""
        stored = asyncio.Event()

        async def settle(_outcome: Outcome) -> None:
            stored.set()

        await self._sink.submit(Delivery(raws, settle))
        await stored.wait()
        for device in devices:
            await self._patrols.told(device)

    async def _addresses(self, url: CameraUrl) -> list[str]:
        try:
            return await self._outgoing.addresses("camera", url.host, url.port)
        except OutgoingRefused as error:
            raise CameraFailed("guard", error.sentence) from error
        except OSError as error:
            raise CameraFailed("name", Sentence("camera.failed.name", host=url.host)) from error

    async def _keep_share(self) -> None:
        """Open more at one time or fewer, by what the process that reads has taken."""
        known, pid = 0.0, None
        while True:
            await asyncio.sleep(SHARE_S)
            now = cpu_s(self._reader.pid)
            spent = (now - known) / SHARE_S if self._reader.pid == pid else 0.0
            known, pid = now, self._reader.pid
            steady, is_shed = self._steady()
            share = share_of(self._settings.cpu, steady, is_shed)
            self._at_once = at_once(self._at_once, spent, share, self._settings.patrol.at_once)


def _lasting(visit: Visit, was: frozenset[str]) -> frozenset[str]:
    """What is wrong by now; of a camera that shows nothing its faults are as they were."""
    if visit.shown is None:
        return was | {LOST}
    return frozenset(kind for kind, at in visit.shown.scores.items() if at >= (ENDS if kind in was else COUNTS))


def _message(at: str, kind: str, state: str, score: float) -> str:
    told = {"ts": at, "kind": kind, "state": state, "score": round(score, 4), "zone": None, "source": "patrol"}
    return json.dumps(told)
