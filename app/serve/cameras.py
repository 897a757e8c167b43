"""Cameras: one process of all asks those that the store names, and passes on what they say."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import psycopg

from app.serve.origins import origins_of
from app.serve.sources import Source, Sources
from hub.access.outgoing import Outgoing
from hub.pipeline import Sink
from hub.secrets.sealed import Secrets
from hub.settings import Settings
from hub.store.leader import lead
from hub.store.pool import Pool
from hub.tls import trusting_context
from ingest.cameras.source import CameraSource
from ingest.pictures.gate import Gate
from ingest.unwanted import Unwanted
from ingest.video.messages import Showing, Trusted
from ingest.video.patrol import Patrol
from ingest.video.patrols import rest
from ingest.video.source import VideoSource

LEASE_S = 10.0
"""For how long a turn lasts that was not renewed: the store may be away for a moment."""


class _Turn:
    """Whether this process is the one that asks cameras."""

    def __init__(self, *, patrols: bool) -> None:
        """Whether it goes on patrol: what a patrol left behind ends where none goes any more."""
        self._until, self._rests = 0.0, not patrols

    async def take(self, conn: psycopg.AsyncConnection) -> float:
        """Work of a leader."""
        if self._rests:
            await rest(conn)
            self._rests = False
        self._until = time.monotonic() + LEASE_S
        return LEASE_S / 5

    def granted(self) -> bool:
        """For now."""
        return time.monotonic() < self._until


def showing_of(settings: Settings, secret: bytes) -> Showing | None:
    """How pictures and clips of video are made; None where none are kept. `secret`: see Gate."""
    pictures = settings.pictures
    if not pictures.processes:
        return None
    occasion = round(pictures.occasion_s * 1_000_000)
    return Showing(pictures.occasions, occasion, secret, clips=settings.video.clips)


class Cameras(Sources):
    """A camera that is away keeps no other from being heard, and the hub from nothing: it is offline by its profile."""

    def __init__(self, settings: Settings, pool: Pool, sink: Sink, gate: Gate, unwanted: Unwanted) -> None:
        self._turn, self._url, self._gate = _Turn(patrols=settings.video.processes > 0), settings.database.url, gate
        tls = trusting_context(settings.outgoing.tls, "outgoing.tls", httpx.create_ssl_context(trust_env=False))
        source = CameraSource(
            sink, pool, Secrets(settings.secrets), Outgoing(settings), tls, origins_of(settings).of_camera,
            gate.passed, self._turn.granted, settings.viid, unwanted,
        )  # fmt: skip
        sources: dict[str, Source] = {"cameras": source}
        if settings.video.processes:
            files = settings.outgoing.tls
            trusted = Trusted(*(str(each or "") for each in (files.ca, files.certificate, files.key)))
            video = sources["video"] = VideoSource(
                settings.video, sink, pool, Secrets(settings.secrets), Outgoing(settings), trusted,
                origins_of(settings).of_camera, gate.note, self._turn.granted,
                showing=showing_of(settings, gate.secret),
            )  # fmt: skip
            sources["patrol"] = Patrol(
                settings.video, sink, pool, Secrets(settings.secrets), Outgoing(settings),
                origins_of(settings).of_camera, gate.passed, self._turn.granted, video.load, trusted,
            )  # fmt: skip
        super().__init__(sources)

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """See Sources."""
        leading = group.create_task(lead(self._url, "cameras", self._turn.take), name="cameras.turn")
        async with super().opened(group):
            try:
                yield
            finally:
                leading.cancel()

    def reasons(self) -> list[str]:
        """The hub is ready whether or not cameras are there."""
        return []
