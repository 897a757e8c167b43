"""The SIP server of cameras and platforms, where it is to listen."""

from app.serve.origins import origins_of
from app.serve.sources import Engine, Source
from app.serve.stations import Kept
from devices.registry.registry import Registry
from hub.settings import Settings
from hub.store.clock import synchronised
from hub.store.pool import Pool
from hub.telemetry import Counters
from ingest.sip.bindings import Bindings
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
        return registry.called(GB28181, id_) is not None or id_ in registry.devices

    def clock_is_right() -> bool:
        return counters.clock_warning is None and synchronised() is not False

    known: Known | None = None if pool is None else known_by
    registrar = Registrar(settings.sip, passwords_of)
    origin = origins_of(settings).of_registered
    server = SipServer(settings.sip, engine.sink, registrar, Bindings(pool), origin, known, clock_is_right)
    return {"the cameras of GB/T 28181": server}
