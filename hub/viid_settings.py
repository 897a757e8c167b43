"""Settings of view libraries (视图库, GA/T 1400) that register over HTTP. All of it is off until it listens."""

from typing import Literal

from pydantic import Field, SecretStr, model_validator

from hub.setting_types import Place, Section

CODE = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"


class Viid(Section):
    """The hub as a view library. Each limit says what it protects from."""

    listen: Place | None = None
    """host:port, such as 0.0.0.0:1400; None: not at all."""
    id: str = Field(default="34020000005030000001", pattern=r"^[0-9]{20}$")
    """The hub's own 20 digits: 8 of the division, 00, 503 for a view library, 7 digits."""
    realm: str = Field(default="viid", pattern=r"^[!-~]{1,64}$")
    """Of the digest."""
    password: SecretStr | None = None
    """Of all platforms that have none of their own; None: only those that have one may register."""
    algorithm: Literal["MD5", "SHA-256"] = "MD5"
    """Of the digest; the standard has MD5."""
    url: str | None = Field(default=None, pattern=r"^https?://[^\s/?#@]{1,255}$", max_length=300)
    """Where platforms reach the hub, such as http://10.1.2.3:1400: told with subscriptions; None: it makes none."""
    channel_profile: str | None = Field(default=None, pattern=CODE)
    """Of devices in the lists of platforms: they are registered with it as pending; None: they are not."""
    tollgate_profile: str | None = Field(default=None, pattern=CODE)
    """Of tollgates (卡口), likewise."""
    keepalive_s: float = Field(default=90.0, ge=5, le=3600)
    """Between two keepalives at most; after three that are missing a platform is offline, and registers anew."""
    registers_per_s: float = Field(default=50.0, ge=1, le=10_000)
    """Of one address, ten seconds' worth at once; more are told to come later: a flood would use up the time of all."""
    body_mb: int = Field(default=16, ge=1, le=256)
    """Of a body that is read: notifications may carry pictures, which are dropped."""
    body_s: float = Field(default=30.0, ge=1, le=600)
    """Within which a body must have arrived: one that never ends would hold its memory."""

    @model_validator(mode="after")
    def _can_be_entered(self) -> "Viid":
        if self.listen and self.password is not None and not self.password.get_secret_value():
            raise ValueError("password is empty: leave it out, or anybody could register")
        return self
