"""Settings of cameras and platforms that register over SIP (GB/T 28181). All of it is off until it listens."""

from typing import Literal

from pydantic import Field, SecretStr, model_validator

from hub.setting_types import Place, Section


class Sip(Section):
    """The hub as a SIP server. Each limit says what it protects from."""

    listen: Place | None = None
    """host:port over TCP, such as 0.0.0.0:5060; None: not at all."""
    listen_udp: Place | None = None
    """host:port over UDP."""
    id: str = Field(default="34020000002000000001", pattern=r"^[0-9]{20}$")
    """The hub's own 20 digits: 8 of the division, 00, 200 for a platform, 7 digits."""
    realm: str | None = Field(default=None, pattern=r"^[!-~]{1,64}$")
    """SIP domain; None: the first ten digits of `id`."""
    password: SecretStr | None = None
    """Of all devices of the realm that have none of their own; None: only those that have one may register."""
    algorithm: Literal["MD5", "SHA-256"] = "MD5"
    """Of the digest; few devices know SHA-256."""
    contact: Place | None = None
    """host:port at which devices reach the hub; None: the address to which they send."""
    expires_s: int = Field(default=86_400, ge=60, le=604_800)
    """Of a registration at most; a device that asks for more is told this."""
    channel_profile: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")
    """Of channels that a recorder or platform tells of: they are registered with it as pending; None: they are not."""
    subscribe: bool = True
    """Whether devices are asked for news of their directory and for alarms, again with each registration."""
    guard: bool = True
    """Whether devices are armed (SetGuard) when they register: many tell no alarm before."""
    registers_per_s: float = Field(default=50.0, ge=1, le=10_000)
    """Of one address, ten seconds' worth at once; more are not answered: a flood of REGISTER would use up the time of
    all. Many cameras may share an address (NAT)."""
    connections: int = Field(default=10_000, ge=1, le=60_000)
    """At one time: a flood of connections would use up files and memory."""
    connections_per_address: int = Field(default=2_000, ge=1, le=60_000)
    """One host would keep all others out."""
    login_s: float = Field(default=60.0, ge=1, le=3600)
    """Within which somebody who connects must have registered: idle connections of nobody would fill the hub."""
    idle_s: float = Field(default=600.0, ge=60, le=86_400)
    """Of silence of a connection: a camera that went away without a word leaves half of one."""

    keep_days: int = Field(default=30, ge=1, le=3650)
    """How long a registration is kept that is over."""

    @model_validator(mode="after")
    def _can_be_entered(self) -> "Sip":
        if (self.listen or self.listen_udp) and self.password is not None and not self.password.get_secret_value():
            raise ValueError("password is empty: leave it out, or anybody could register")
        return self

    @property
    def listens(self) -> bool:
        """Whether anybody can register."""
        return self.listen is not None or self.listen_udp is not None

    @property
    def domain(self) -> str:
        """The realm."""
        return self.realm or self.id[:10]
