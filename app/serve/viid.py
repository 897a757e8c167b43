"""The HTTP server of view libraries (视图库), where it is to listen."""

from functools import partial

from api.http.bound import bound
from api.http.server import configured
from app.serve.origins import origins_of
from app.serve.sources import Engine, Source
from app.serve.stations import Kept
from devices.registry.device import Device
from devices.registry.registry import Registry
from hub.settings import Settings
from hub.store.clock import synchronised
from hub.store.pool import Pool
from hub.telemetry import Counters
from ingest.channels import Channels
from ingest.holding import Holding
from ingest.logins import Logins
from ingest.unwanted import Unwanted
from ingest.viid.registrations import Registrations
from ingest.viid.server import ViidServer
from ingest.viid.service import Service

GAT1400, GB28181 = "gat1400", "gb28181"


def view_libraries(
    settings: Settings,
    engine: Engine,
    registry: Registry,
    pool: Pool | None,
    kept: Kept | None,
    counters: Counters,
    unwanted: Unwanted,
) -> dict[str, Source]:
    """The server, by what it is called when it does not listen.

    Without a pool, of an edge, nobody knows who is registered in the registry: no channels are made.
    Subscriptions of the hub by which persons came are told as `unwanted`.
    """
    viid = settings.viid
    if viid.listen is None:
        return {}
    shared = [] if viid.password is None else [viid.password.get_secret_value()]

    def passwords_of(id_: str) -> list[str]:
        own = None if kept is None else kept.passwords.of(GAT1400, id_)
        return shared if own is None else own.all()

    def device_of(id_: str) -> Device | None:
        device = registry.called(GAT1400, id_) or registry.devices.get(id_)
        return device if device is not None and device.active else None

    def clock_is_right() -> bool:
        return counters.clock_warning is None and synchronised() is not False

    def channels(profile: str | None) -> Channels | None:
        return None if pool is None or profile is None else Channels(pool, profile, GAT1400)

    host, _, port = viid.listen.rpartition(":")
    host = host.strip("[]")
    holding, registrations = Holding(engine.sink, engine.reasons), Registrations(pool)
    logins = Logins(viid.realm, viid.algorithm, viid.registers_per_s, passwords_of)
    service = Service(
        viid, holding, registrations, logins, partial(origins_of(settings).of_registered, "viid"),
        None if pool is None else device_of, channels(viid.channel_profile), channels(viid.tollgate_profile),
        clock_is_right, unwanted,
    )  # fmt: skip
    serving = partial(configured, host=host, port=int(port), graceful_s=settings.drain_s)
    server = ViidServer(
        viid, holding, registrations, service, serving, partial(bound, host, int(port), "viid.listen")
    )  # fmt: skip
    return {"the view libraries of GA/T 1400": server}
