"""Settings of who is let in."""

from ipaddress import ip_network

from pydantic import Field, model_validator

from hub.setting_types import Section


class Access(Section):
    """How people and machines are let in: accounts, sessions, certificates."""

    local: bool | None = None
    """Whether programs on this machine may do everything without a key, where api.host is a loopback address and no
    api.token is set. None: as long as there is no account."""
    two_factor: tuple[str, ...] = ()
    """Roles that nobody exercises without a second factor: ["security_administrator", ...]."""
    single_session: bool = False
    """Whether a login ends the other sessions of the account."""
    session_s: float = Field(default=43_200, ge=60, le=2_592_000)
    """How long a session lasts at most."""
    idle_s: float = Field(default=7_200, ge=60, le=2_592_000)
    """A session that asks for nothing for so long ends; an open page asks."""
    lock_s: float = Field(default=900, ge=0, le=86_400)
    """A page at which nobody has done anything for so long is locked: it goes on showing alerts, and takes no step
    before the password is given. 0: never."""
    demo: bool = False
    """Whether the page says that this is a demo."""
    certificate_header: str | None = Field(default=None, pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")
    """In which header a gateway in front of the hub passes on the subject of a client certificate that it checked."""
    gateways: tuple[str, ...] = ()
    """Addresses and networks of gateways and proxies in front of the hub: from all others the header is refused. They
    tell by X-Forwarded-For for whom they ask, too."""

    @model_validator(mode="after")
    def _header_has_gateways(self) -> "Access":
        for network in self.gateways:
            try:
                ip_network(network)
            except ValueError:
                raise ValueError(
                    f"access.gateways: '{network}' is no address or network: 10.1.2.3, 10.1.0.0/16"
                ) from None
        if self.certificate_header is not None and not self.gateways:
            raise ValueError("access.certificate_header needs access.gateways: from which connections it is taken")
        return self
