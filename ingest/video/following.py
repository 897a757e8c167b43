"""Keeps the stream of one camera open, in one of the processes that read."""

import asyncio
import json
import time
from typing import NamedTuple, cast

from devices.cameras.camera_url import CameraUrl, Login
from devices.cameras.failure import CameraFailed, Step
from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import OutgoingRefused
from hub.video_settings import Video
from hub.words.sentence import Sentence
from ingest.cameras.connections import Wanted
from ingest.cameras.following import STEADY_S, Following
from ingest.pictures.places import Places
from ingest.video.budget import Load
from ingest.video.findings import Findings
from ingest.video.messages import (
    NOBODY,
    Clipped,
    Figures,
    Found,
    Measured,
    Open,
    Pace,
    Placed,
    Report,
    Showing,
    Trusted,
    Up,
)  # fmt: skip
from ingest.video.reader import Reader, ReaderEnded
from ingest.video.readers import Readers
from ingest.video.ward_time import WardTime

PERMIT_S = 30.0
"""A stream that is not open by then keeps no other one from being opened."""
DANGER = frozenset({"flame", "smoke", "flood", "level", "intrusion"})
"""Kinds of findings for which a camera is slowed last."""


class Shown(NamedTuple):
    """A stream as it comes."""

    encoding: str
    width: int
    height: int


class VideoFollowing(Following):
    """One stream."""

    def __init__(
        self, wanted: Wanted, url: CameraUrl, login: Login | None, findings: Findings, readers: Readers,
        outgoing: Outgoing, settings: Video, opening: asyncio.Semaphore, tls: Trusted = NOBODY,
        showing: Showing | None = None, places: Places | None = None,
    ) -> None:  # fmt: skip
        """`showing`: how pictures and clips are made; None: none are. `places`: what is kept of their places."""
        super().__init__(wanted.device, opening)
        analysis = wanted.analysis
        self._wanted, self._url, self._login, self._tls = wanted, url, login, tls
        self._analysis = b"" if analysis is None else json.dumps(analysis).encode()
        self.is_danger = analysis is not None and not DANGER.isdisjoint(analysis.get("kinds") or ())
        self._places = places
        self._showing = showing
        self.findings, self._readers, self._outgoing, self._settings = findings, readers, outgoing, settings
        self._reader: Reader | None = None
        self._slot = -1
        self._ward = WardTime()
        self.pace = Pace.FULL
        self.shown: Shown | None = None
        self.figures: Figures | None = None
        """Of the newest seconds; None: none since the stream was opened, or since its pace was changed."""
        self._guess: float | None = None
        """Processors that it takes, about, since its pace was changed."""
        self._shown_at = float("inf")
        self.opened_times = 0

    @property
    def has_clips(self) -> bool:
        """Whether clips are made of it."""
        showing, analysis = self._showing, self._wanted.analysis or {}
        return showing is not None and showing.clips and analysis.get("clips") is not False

    @property
    def load(self) -> Load | None:
        """What it takes; None: that is not known yet."""
        figures, cpu = self.figures, self._guess
        if figures is not None and figures.seconds > 0:
            cpu = figures.cpu_s / figures.seconds
        if cpu is None:
            return None
        return Load(self._wanted.device, cpu, self.pace, self.is_danger, self.has_clips, is_guess=figures is None)

    async def follow(self) -> None:
        """See Following."""
        addresses = await self._allowed()
        if self._showing is not None and self._places is not None:
            self._showing.place = await self._places.of(self._wanted.device)
        waits, permit, stay_s = asyncio.Event(), None, self._ward.stay_s
        try:
            async with self._readers.one(alone=stay_s is not None) as reader:
                await self._opening.acquire()
                waits.set()
                permit = asyncio.get_running_loop().call_later(PERMIT_S, self._let_others, waits)
                self._reader = reader
                async with asyncio.timeout(stay_s):
                    ended = await reader.follow(
                        lambda slot: self._open(slot, addresses), lambda r: self._take(r, waits)
                    )
        except ReaderEnded as error:
            if error.guilty or stay_s is not None:
                self._ward.harmed()
            raise
        except TimeoutError:
            self._ward.stayed(stay_s or 0.0)
            raise CameraFailed("answer", Sentence("camera.failed.reader")) from None
        finally:
            if permit is not None:
                permit.cancel()
            self._let_others(waits)
            self.findings.closed()
            self._reader, self._slot, self.shown, self.figures, self._guess = None, -1, None, None, None
            self._shown_at = float("inf")
        raise CameraFailed(cast("Step", ended.step or "answer"), _sentence(ended.sentence))

    def _let_others(self, waits: asyncio.Event) -> None:
        """It is open, or has taken its time: another one may be opened."""
        if waits.is_set():
            waits.clear()
            self._opening.release()

    def _open(self, slot: int, addresses: list[str]) -> Open:
        """At the pace that it had: one that breaks off again and again would else cost all it can each time."""
        self._slot = slot
        login = None if self._login is None else (self._login.username, self._login.password)
        settings = self._settings
        return Open(
            slot, self._wanted.device, self._url.shown, addresses, login, settings.fps, self._analysis, tls=self._tls,
            silent_s=settings.silent_s, zone=self._wanted.zone, showing=self._showing,
            pace=self.pace,
        )  # fmt: skip

    async def _take(self, report: Report, waits: asyncio.Event) -> None:
        match report:
            case Up():
                self._let_others(waits)
                if self.shown is None:
                    self.opened_times, self._shown_at = self.opened_times + 1, time.monotonic()
                self.shown = Shown(report.encoding, report.width, report.height)
                self.opened()
                await self.findings.shown()
            case Found() | Clipped() | Measured():
                await self._tell(report)
            case Placed() if self._places is not None:
                self._places.keep(self._wanted.device, report.place)
            case Figures():
                if report.analysed:
                    self.standing.heard()
                    if time.monotonic() - self._shown_at > STEADY_S:
                        self.steady()
                self.figures, self._guess = report, None

    async def _tell(self, report: Found | Clipped | Measured) -> None:
        match report:
            case Found():
                await self.findings.take(report)
            case Clipped():
                await self.findings.clipped(report)
            case Measured():
                await self.findings.measured(report)

    async def set_pace(self, pace: Pace) -> None:
        """Look at more or less of it."""
        if self._reader is not None and pace is not self.pace:
            self._guess = None if (load := self.load) is None else load.at(pace)
            self.pace, self.figures = pace, None
            await self._reader.pace(self._slot, pace)

    async def turn(self, lost_s: float) -> None:
        """Called now and then: tells when pictures have been away for `lost_s`."""
        standing = self.standing
        if standing.state == "down" and time.time() - standing.since > lost_s:
            await self.findings.lost()
        await self.findings.turn(lost_s)

    def told(self) -> dict[str, object]:
        """How it does, as it is stored."""
        found: dict[str, object] = {"pace": self.pace.name.lower(), "opened": self.opened_times}
        if self.shown is not None:
            found |= self.shown._asdict()
        if self.findings.clips:
            found["clips"] = dict(self.findings.clips)
        if (figures := self.figures) is not None and figures.seconds > 0:
            seconds = figures.seconds
            found |= {
                "cpu": round(figures.cpu_s / seconds, 4), "decoded_per_s": round(figures.decoded / seconds, 2),
                "analysed_per_s": round(figures.analysed / seconds, 2), "dropped": figures.dropped,
                "bits_per_s": round(8 * figures.received / seconds),
                "cost": {name: round(spent / seconds, 5) for name, spent in figures.cost.items()},
            }  # fmt: skip
            if figures.text:
                found |= {"network_fault": figures.text, "network_fault_words": figures.words}
        return found

    async def _allowed(self) -> list[str]:
        url = self._url
        try:
            return await self._outgoing.addresses("camera", url.host, url.port)
        except OutgoingRefused as error:
            raise CameraFailed("guard", error.sentence) from error
        except OSError as error:
            raise CameraFailed("name", Sentence("camera.failed.name", host=url.host)) from error


def _sentence(told: str) -> Sentence:
    return told if isinstance(told, Sentence) else Sentence("camera.failed.unforeseen", error=told or "-")
