"""Settings of networks that the hub listens to: network servers of LoRaWAN, nodes of Sparkplug B, cameras of ONVIF."""

from typing import Literal

from pydantic import Field, SecretStr, model_validator

from hub.setting_types import BrokerHost, Section
from hub.tls import Tls

Protocol = Literal["chirpstack", "the-things-stack", "sparkplug", "onvif"]


class Network(Section):
    """A broker at which a network tells of its devices; it may be the hub's own."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    """In logs, and in the client id."""
    protocol: Protocol
    host: BrokerHost
    port: int = Field(default=1883, ge=1, le=65535)
    username: str | None = None
    password: SecretStr | None = None
    tls: Tls | None = None
    version: Literal["3.1.1", "5"] = "3.1.1"
    """Of MQTT."""
    keepalive_s: int = Field(default=30, ge=5, le=600)
    client_id: str | None = Field(default=None, min_length=1, max_length=64)
    """Name of the session at the broker; None: made of `name`. The client id is this with a random end."""
    only: tuple[str, ...] = ()
    """Of ChirpStack the ids of applications, of The Things Stack `application@tenant`, of Sparkplug B groups, of ONVIF
    the topic prefixes of cameras; none: all that the account may read."""
    rhythm_s: float | None = Field(default=None, gt=0, le=86400)
    """How often something comes at least: after three times that without anything the network is silent. None: it is
    learned, from the longest pauses of late."""
    host_id: str | None = Field(default=None, pattern=r"^[^/+#\s]{1,64}$")
    """Of Sparkplug B: as which primary host the hub tells edge nodes whether it listens (STATE)."""
    rebirth_s: float = Field(default=10.0, gt=0, le=3600)
    """Of Sparkplug B: an edge node is asked for its births again at most so often, and less and less."""

    @model_validator(mode="after")
    def _login_is_whole(self) -> "Network":
        if self.password is not None and not self.username:
            raise ValueError("password is set, and no broker takes one without a name: set username too")
        if self.host_id is not None and self.protocol != "sparkplug":
            raise ValueError("host_id is of Sparkplug B: leave it out")
        several = self.protocol == "onvif"
        if any(not each or set(each) & set("+#" if several else "/+#") for each in self.only):
            raise ValueError(
                "only names prefixes of topics: without + and #"
                if several
                else "only names single levels of topics: without / + and #"
            )
        return self


class Networks(Section):
    """Brokers of networks."""

    brokers: tuple[Network, ...] = ()

    @model_validator(mode="after")
    def _each_has_its_name(self) -> "Networks":
        names = [network.name for network in self.brokers]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two networks are called {min(twice)}: each has a name of its own")
        return self
