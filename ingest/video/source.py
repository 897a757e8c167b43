"""Streams of cameras become findings, and findings messages like those of any camera."""

import asyncio
import logging
import time
from collections.abc import Callable

from msgspec.structs import replace

from devices.cameras.camera_url import CameraUrl, Login
from devices.codecs.video.findings import finding_of
from hub.access.outgoing import Outgoing
from hub.errors import HubError
from hub.picture import Picture
from hub.pipeline import Sink
from hub.secrets.sealed import Secrets
from hub.store.pool import Pool
from hub.video_settings import Video
from ingest.cameras.connections import Wanted, lasting, left, note_figures
from ingest.cameras.following import OPENING, Following
from ingest.cameras.keeping import Keeping, OriginOf
from ingest.pictures.asked import seed_of
from ingest.pictures.places import Places
from ingest.video.budget import shed
from ingest.video.findings import Findings
from ingest.video.following import VideoFollowing
from ingest.video.messages import Pace, Showing, Trusted
from ingest.video.readers import Readers

log = logging.getLogger(__name__)

PROTOCOL = "video"
KINDS = ("rtsp",)
BUDGET_S = 5.0
"""How often what streams cost is compared with what they may."""
LEFT_S = 60.0
"""How often what nobody looks at any more is looked for; and for how long at each turn, after a camera was removed:
what it said last may not be stored yet."""
FIGURES_S = 30.0
"""How often what they cost is written."""


class VideoSource(Keeping):
    """All of them, in one process of all."""

    def __init__(
        self, settings: Video, sink: Sink, pool: Pool, secrets: Secrets, outgoing: Outgoing, tls: Trusted,
        origin: OriginOf, note: Callable[[Picture], None], permitted: Callable[[], bool],
        readers: Readers | None = None, showing: Showing | None = None,
    ) -> None:  # fmt: skip
        """`note` counts pictures; `showing`: how they and clips are made; None: none are."""
        super().__init__("video", KINDS, sink, pool, secrets, permitted)
        self._settings, self._outgoing, self._tls = settings, outgoing, tls
        self._origin, self._noted, self._showing = origin, note, showing
        self._places = Places(pool, "video")
        self._readers = readers or Readers(settings.processes, settings.cameras)
        self._opening = asyncio.Semaphore(OPENING)
        self._findings: dict[str, Findings] = {}
        self._new: set[str] = set()
        """Devices of which the store was not asked yet."""
        self._budget_at = self._figures_at = float("-inf")
        self._shed = 0
        self._left_until = self._left_at = float("-inf")

    def following(self, each: Wanted, url: CameraUrl, login: Login | None) -> Following:
        """See Keeping."""
        origin = self._origin(PROTOCOL, each.device, "")
        findings = self._findings.get(each.device)
        if findings is None:
            findings = self._findings[each.device] = Findings(origin, self._intake.put, self._noted)
            self._new.add(each.device)
        showing = self._showing
        return VideoFollowing(
            each, url, login, findings, self._readers, self._outgoing, self._settings, self._opening, self._tls,
            None if showing is None else replace(showing, seed=seed_of(showing.seed, each.device)),
            self._places,
        )  # fmt: skip

    def ended(self, each: Wanted) -> None:
        """See Keeping."""
        self._findings.pop(each.device, None)

    def beside(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """See Keeping."""
        readers = [group.create_task(reader.run(), name=f"video.{at}") for at, reader in enumerate(self._readers.all)]
        return [*readers, group.create_task(self._places.run(), name="video.places")]

    async def removed(self, each: Wanted) -> None:
        """See Keeping."""
        self._left_until = time.monotonic() + LEFT_S

    def load(self) -> tuple[float, bool]:
        """Processors that all streams take by now, and whether some are looked at less."""
        streams = [kept.following for kept in self.kept.values() if isinstance(kept.following, VideoFollowing)]
        figures = [each.figures for each in streams if each.figures is not None and each.figures.seconds > 0]
        return sum(each.cpu_s / each.seconds for each in figures), self._shed > 0

    async def turn(self) -> None:
        """See Keeping: what is lost is told, what costs too much is slowed, what it costs is written."""
        now = time.monotonic()
        streams = [kept.following for kept in self.kept.values() if isinstance(kept.following, VideoFollowing)]
        await self._restore()
        if now < self._left_until or now - self._left_at > LEFT_S:
            self._left_at = now
            await self._end_left()
        for each in streams:
            await each.turn(self._settings.lost_s)
        if now - self._budget_at > BUDGET_S:
            self._budget_at = now
            await self._keep_budget(streams)
        if now - self._figures_at > FIGURES_S:
            self._figures_at = now
            await self._write_figures()

    async def _end_left(self) -> None:
        """What lasts at cameras that nobody looks at any more has ended, whoever stopped it, and when."""
        for each in await left(self._pool):
            findings = Findings(self._origin(PROTOCOL, each.device, ""), self._intake.put, self._noted)
            findings.restore([(finding_of(each.kind, each.code), each.zone)])
            await findings.over()

    async def _restore(self) -> None:
        """What the store knows of cameras that are new here, before the first of their pictures."""
        if self._new:
            found = await lasting(self._pool, sorted(self._new))
            for each in found:
                if (findings := self._findings.get(each.device)) is not None:
                    findings.restore([(finding_of(each.kind, each.code), each.zone)])
            self._new.clear()

    async def _keep_budget(self, streams: list[VideoFollowing]) -> None:
        loads = [load._replace(camera=str(at)) for at, each in enumerate(streams) if (load := each.load) is not None]
        paces = shed(loads, self._settings.cpu, self._settings.camera_cpu)
        for at, pace in paces.items():
            await streams[int(at)].set_pace(pace)
        slowed = sum(each.pace >= Pace.HALF for each in streams)
        if slowed and not self._shed:
            log.warning("%d of %d streams are looked at less, to stay within video.cpu", slowed, len(streams))
        elif self._shed and not slowed:
            log.info("all streams are looked at in full again")
        self._shed = slowed

    async def _write_figures(self) -> None:
        told = {
            kept.given.device: kept.following.told()
            for kept in self.kept.values()
            if isinstance(kept.following, VideoFollowing)
        }
        try:
            await note_figures(self._pool, told)
        except HubError as error:
            log.debug("figures of streams are not written: %s", error)
