"""What platforms and cameras push: the routes, and the work beside them, of a process that stores or forwards."""

from fastapi import FastAPI

from app.serve.asking import ask_platforms
from app.serve.origins import origins_of
from app.serve.sources import Engine
from hub.lifecycle import Named
from hub.secrets.sealed import Secrets
from hub.settings import Settings
from hub.store.leader import lead
from hub.store.pool import Pool
from hub.store.replay import Replay
from ingest.cameras.push import CameraPushes
from ingest.cameras.push import router as camera_router
from ingest.carriers.adoption import adopt
from ingest.carriers.downtime import Listening
from ingest.carriers.meter import Meter
from ingest.carriers.router import PushDoor
from ingest.carriers.router import router as push_router
from ingest.carriers.silence import watch
from ingest.carriers.source import PushSource
from ingest.carriers.subscription import Subscriptions
from ingest.diode.folders import Folders
from ingest.diode.keys import keys_of
from ingest.diode.receiver import Receiver
from ingest.diode.receiver import router as diode_router
from ingest.pictures.gate import Gate

ROUTERS = (push_router, camera_router)
"""Of each process that has an API and takes messages."""


class Pushes:
    """Routers for the API, and tasks for its group."""

    def __init__(self, settings: Settings, pool: Pool, engine: Engine, replay: Replay | None, gate: Gate) -> None:
        """Without `replay` letters of accepted devices wait for a process that has it."""
        subscriptions, meter = Subscriptions(pool, Secrets(settings.secrets)), Meter(pool)
        self._source = PushSource(engine.sink, origins_of(settings).of_push, engine.reasons, meter)
        self._listening = Listening(pool, engine.reasons, self._source.taking)
        self._settings = settings
        origin = origins_of(settings).of_camera
        self._cameras = CameraPushes(engine.sink, pool, origin, gate.passed, engine.reasons)
        self.routers, self._door = [*ROUTERS], PushDoor(self._source, subscriptions)
        self._receiver: Receiver | None = None
        if settings.diode.inbox is not None and settings.diode.edges:
            self._receiver = Receiver(Folders(settings.diode), keys_of(settings.diode.edges))
            self.routers.append(diode_router)
        self._subscriptions, self._meter, self._replay, self._url = subscriptions, meter, replay, settings.database.url

    def serve(self, app: FastAPI) -> None:
        """Have the routes of an app lead here."""
        app.state.push_door, app.state.camera_pushes = self._door, self._cameras
        app.state.diode_receiver = self._receiver

    def tasks(self) -> list[Named]:
        """To be run once."""
        silence, accepted = "silence of subscriptions", "accepted senders"
        found: list[Named] = [
            ("subscriptions", self._subscriptions.run()),
            ("meter of subscriptions", self._meter.run()),
            (silence, lead(self._url, silence, watch())),
            ("until when pushes are taken", self._listening.run()),
            ("asked platforms", ask_platforms(self._settings, self._source)),
        ]
        return found if self._replay is None else [*found, (accepted, lead(self._url, accepted, adopt(self._replay)))]

    def stop(self) -> None:
        """Stop taking pushes."""
        self._source.stop()
        self._cameras.stop()
