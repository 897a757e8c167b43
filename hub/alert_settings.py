"""Settings of events, alerts, cases (案件) and official warnings (预警)."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from hub.setting_types import HeaderSecret, Section
from hub.words import Lang

WarningFormat = Literal["12379", "cap", "nmc", "qweather", "wolfx"]


class Events(Section):
    """Events of devices."""

    keep_days: int | None = Field(default=None, ge=30, le=36_500)
    """How long they are kept, but for the newest of each kind at each device; None: for ever. Episodes as long."""
    lost_end_s: float = Field(default=60.0, ge=5, le=86_400)
    """What a device repeats while it lasts is over once nothing more was said for so long."""
    lost_ends: dict[str, Annotated[float, Field(ge=5, le=86_400)]] = Field(default_factory=dict)
    """The same in seconds, by kind of event."""

    def lost_after_s(self, kind: str) -> float:
        """After how long without a repeat an event of a kind is over."""
        return self.lost_ends.get(kind, self.lost_end_s)


class Alerts(Section):
    """Alerts."""

    keep_days: int | None = Field(default=None, ge=30, le=36_500)
    """How long they are kept after their last change, once they are over; None: for ever."""
    border_m: float = Field(default=0.0, ge=0, le=50_000)
    """How near to the border of its place, in metres, an alert is for a consumer too that says nothing else; 0: not."""
    lang: Lang | None = None
    """The language of a consumer that says none when it is set; None: that of its kind."""
    presence_s: float = Field(default=1_800.0, ge=60, le=86_400)
    """How long a click at a desk proves that somebody is there."""


class Cases(Section):
    """Cases (案件)."""

    keep_days: int | None = Field(default=None, ge=30, le=36_500)
    """How long they are kept after their end; None: for ever."""


class WarningSource(Section):
    """A source that is asked again and again, or that says by a WebSocket what is new."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")
    """As its warnings show it; a list of it is all that it says is in force."""
    url: str = Field(max_length=2_000)
    format: WarningFormat
    every_s: float = Field(default=60.0, ge=1, le=86_400)
    """How often it is asked; of a WebSocket, how often it says something, be it that it is there."""
    header: str = Field(default="Authorization", pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")
    """Which header carries `secret`."""
    secret: HeaderSecret | None = None

    @field_validator("url")
    @classmethod
    def _readable(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https", "ws", "wss") or not parts.hostname or parts.fragment:
            raise ValueError("is the address of a document: https://weather.example.org/list.json")
        if parts.username or parts.password:
            raise ValueError("holds a user or a password: give it as `secret`, and its header as `header`")
        return url

    @property
    def streams(self) -> bool:
        """Whether it is a WebSocket."""
        return urlsplit(self.url).scheme in ("ws", "wss")


class Warnings(Section):
    """Official warnings."""

    keep_days: int = Field(default=400, ge=1, le=36_500)
    """How long they are kept after their last change, once they are over."""
    sources: tuple[WarningSource, ...] = ()

    @model_validator(mode="after")
    def _each_has_its_name(self) -> "Warnings":
        names = [source.name for source in self.sources]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two sources are called {min(twice)}: each has a name of its own")
        return self


class PathWatch(Section):
    """Rounds along the path of alerts, from the broker to the delivery worker (docs/ALERTS.md)."""

    enabled: bool = True
    every_s: float = Field(default=60.0, ge=1, le=3600)
    limit_s: float = Field(default=30.0, ge=1, le=600)
    """Within which a round is to be complete."""
    through: Literal["auto", "mqtt", "queue"] = "auto"
    """Where they begin: at the broker, or, where none is read from, in the queue of what is posted. auto: at the broker
    as soon as there was one, and from then on for ever; a hub that only ever heard of devices by HTTP needs none."""
    url: SecretStr | None = None
    """Of a dead-man outside, which is called (GET) after each complete round, and after nothing else: its silence says
    that the hub is deaf, or dead. It may be called as webhooks may (`outgoing.webhook`)."""
