"""Settings of what dials in: stations of monitoring, fire alarm and hydrology. All of it is off until it listens."""

from pydantic import Field, SecretStr, model_validator

from hub.setting_types import Place, Section


class Stations(Section):
    """Where the stations of one protocol dial in."""

    listen: Place | None = None
    """host:port over TCP; None: not at all."""
    listen_udp: Place | None = None
    """host:port over UDP, of protocols that know it."""
    password: SecretStr | None = None
    """What a station must show that has no password of its own; None: any will do."""


class Session(Section):
    """Connections of stations. Each limit says what it protects from."""

    hj212: Stations = Stations()
    gb26875: Stations = Stations()
    sl651: Stations = Stations()
    szy206: Stations = Stations()
    edge_reads_devices: bool = False
    """Whether a process that is an edge of the bus alone connects to the database (docker/edge-role.sql): it then knows
    which device a station is, and takes commands to it."""
    connections: int = Field(default=20_000, ge=1, le=60_000)
    """At one time: a flood of connections would use up files and memory."""
    connections_per_address: int = Field(default=2_000, ge=1, le=60_000)
    """Of one client address: one host would keep all others out. Many stations may share a carrier's address."""
    login_s: float = Field(default=60.0, ge=1, le=3600)
    """Within which the first good frame must have come: idle connections of nobody would fill the hub."""
    frame_s: float = Field(default=30.0, ge=1, le=600)
    """Within which a frame that has begun must be whole: a byte now and then (slow-loris) would hold it for ever."""
    idle_s: float = Field(default=7200.0, ge=10, le=604_800)
    """Of silence: a station that went away without a word leaves half a connection (half-open)."""
    frames_per_s: float = Field(default=50.0, ge=1, le=10_000)
    """Of one connection, on average; beyond it the hub reads no faster: one station would use up the time of all."""
    stations: int = Field(default=500, ge=1, le=10_000)
    """Numbers that one connection may speak for: who invents numbers would use up memory."""

    @model_validator(mode="after")
    def _apart(self) -> "Session":
        every = {name: self.of(name) for name in ("hj212", "gb26875", "sl651", "szy206")}
        for kind in ("listen", "listen_udp"):
            taken: dict[str, str] = {}
            for name, stations in every.items():
                place = stations.listen if kind == "listen" else stations.listen_udp
                if place is not None and taken.setdefault(place, name) != name:
                    raise ValueError(f"{taken[place]} and {name} listen at {place}: give each a port of its own")
        return self

    def of(self, protocol: str) -> Stations:
        """The stations of a protocol."""
        return {"hj212": self.hj212, "gb26875": self.gb26875, "sl651": self.sl651, "szy206": self.szy206}[protocol]

    def listens(self, protocol: str) -> bool:
        """Whether a protocol's stations can dial in."""
        own = self.of(protocol)
        return own.listen is not None or own.listen_udp is not None
