"""Servers of stations that dial in, one for each protocol that listens."""

from app.serve.origins import origins_of
from app.serve.sources import Engine, Source
from hub.settings import Settings
from ingest.session.gb26875 import Gb26875
from ingest.session.hj212 import Hj212
from ingest.session.server import SessionServer
from ingest.session.sl651 import Sl651
from ingest.session.szy206 import Szy206

DIALECTS = (Hj212(), Gb26875(), Sl651(), Szy206())


def stations(settings: Settings, engine: Engine) -> dict[str, Source]:
    """The servers that are to listen, by what they are called when they do not."""
    session, origin = settings.session, origins_of(settings).of_station
    return {
        f"the stations of {dialect.name}": SessionServer(dialect, session, engine.sink, origin)
        for dialect in DIALECTS
        if session.listens(dialect.name)
    }
