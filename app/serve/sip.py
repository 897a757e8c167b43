"""The SIP server of cameras and platforms, where it is to listen."""

from functools import partial

from app.serve.origins import origins_of
from app.serve.sources import Engine, Source
from app.serve.stations import Kept
from devices.registry.registry import Registry
from hub.settings import Settings
from hub.store.clock import synchronised
from hub.store.pool import Pool
from hub.telemetry import Counters
from ingest.channels import Channels
from ingest.sip.bindings import Bindings
from ingest.sip.client import Client
from ingest.sip.follower import Follower
from ingest.sip.messages import Known
from ingest.sip.registrar import Registrar
from ingest.sip.server import SipServer

GB28181 = "gb28181"


def cameras(
    settings: Settings,
    engine: Engine,
    registry: Registry,
    pool: Pool | None,
    kept: Kept | None,
    counters: Counters,
) -> dict[str, Source]:
    """The server, by what it is called when it does not listen.

    Without a pool, of an edge, nobody knows who is registered in the registry: devices are asked for nothing.
    """
    if not settings.sip.listens:
        return {}
    secret = settings.sip.password
    shared = [] if secret is None else [secret.get_secret_value()]

    def passwords_of(id_: str) -> list[str]:
        own = None if kept is None else kept.passwords.of(GB28181, id_)
        return shared if own is None else own.all()

    def known_by(id_: str) -> bool:
        device = registry.called(GB28181, id_) or registry.devices.get(id_)
        return device is not None and device.active

    def clock_is_right() -> bool:
        return counters.clock_warning is None and synchronised() is not False

    known: Known | None = None if pool is None else known_by
    registrar = Registrar(settings.sip, passwords_of)
    origin = partial(origins_of(settings).of_registered, "sip")
    follower: Follower | None = None
    if pool is not None and kept is not None:
        profile = settings.sip.channel_profile
        channels = None if profile is None else Channels(pool, profile, GB28181)
        follower = Client(settings.sip, registry, kept.sessions, engine.sink, channels)
    bindings = Bindings(pool)
    server = SipServer(settings.sip, engine.sink, registrar, bindings, origin, known, clock_is_right, follower)
    return {"the cameras of GB/T 28181": server}
