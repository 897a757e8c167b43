"""Asks cameras for their events (ISAPI, ONVIF)."""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial

from devices.cameras.camera_url import CameraUrl, Login
from devices.cameras.gat1400_service import Gat1400Service
from devices.cameras.http_peer import HttpPeer
from devices.cameras.isapi_service import IsapiService
from devices.cameras.onvif_service import OnvifService
from hub.access.outgoing import Outgoing
from hub.pipeline import Sink
from hub.secrets.sealed import Secrets
from hub.store.pool import Pool
from hub.viid_settings import Viid
from ingest.cameras.alerts import Alerts, Pass
from ingest.cameras.connections import Wanted
from ingest.cameras.following import OPENING, Following
from ingest.cameras.gat1400 import Gat1400Following
from ingest.cameras.isapi import IsapiFollowing
from ingest.cameras.keeping import Keeping, OriginOf
from ingest.cameras.onvif import OnvifFollowing
from ingest.unwanted import Unwanted

KINDS = ("isapi", "onvif", "gat1400")


class CameraSource(Keeping):
    """All of them."""

    def __init__(
        self, sink: Sink, pool: Pool, secrets: Secrets, outgoing: Outgoing, tls: ssl.SSLContext, origin: OriginOf,
        gate: Pass, permitted: Callable[[], bool], viid: Viid, unwanted: Unwanted,
    ) -> None:  # fmt: skip
        """See Keeping. `viid`: who the hub is to view libraries."""
        self._viid, self._unwanted = viid, unwanted
        super().__init__("cameras", KINDS, sink, pool, secrets, permitted)
        self._outgoing, self._tls, self._origin, self._gate = outgoing, tls, origin, gate
        self._opening = asyncio.Semaphore(OPENING)

    def following(self, each: Wanted, url: CameraUrl, login: Login | None) -> Following:
        """See Keeping."""
        peer = HttpPeer(url, login, self._outgoing, self._tls)
        origin = partial(self._origin, each.kind, each.device)
        if each.kind == "isapi":
            channels = partial(self._channels, each.key)
            alerts = Alerts(each.device, origin, channels, self._intake.put, self._gate)
            return IsapiFollowing(each.device, IsapiService(peer), alerts, self._opening)
        if each.kind == "gat1400":
            library = Gat1400Service(peer, self._viid.id, each.number)
            return Gat1400Following(each.device, library, each.changed_at, self._viid.url, self._opening)
        service = OnvifService(peer, login)
        return OnvifFollowing(each.device, service, origin, self._intake.put, self._opening)

    def beside(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """See Keeping."""
        return [group.create_task(self._refuse(), name="cameras.unwanted")]

    async def _refuse(self) -> None:
        """Have subscriptions ended by which persons came, each at the library that sent them."""
        while True:
            library, subscription = await self._unwanted.next()
            for kept in list(self.kept.values()):
                if kept.following is not None:
                    await kept.following.refuse(library, subscription)

    def _channels(self, key: tuple[str, str]) -> tuple[str, ...]:
        kept = self.kept.get(key)
        return () if kept is None else kept.given.channels
