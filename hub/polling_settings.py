"""Settings of DTUs that dial in and are polled."""

import re

from pydantic import Field, field_validator, model_validator

from hub.setting_types import Host, Section

REGISTRATION_FIELD = re.compile(r"\{([^{}]*)\}")
"""Of a pattern of registrations: `{id}` or `{secret}`."""


class DtuListener(Section):
    """A port for DTUs of one make: what differs from make to make is needed before a DTU is known."""

    host: Host = "0.0.0.0"  # noqa: S104 they dial in from outside
    port: int = Field(ge=1, le=65535)
    registration: str | None = Field(default=None, min_length=4, max_length=200)
    """What a DTU sends first: `REG:{id},{secret};`. None: the 15 digits of its IMEI or the 20 of its ICCID."""
    heartbeats: tuple[str, ...] = Field(default=("www.usr.cn",), max_length=8)
    """What it sends from time to time, as text, or in hexadecimal behind `hex:`. Its registration counts, too."""
    connections: int = Field(default=5_000, ge=1, le=50_000)
    """At one time; a further one is closed."""
    registers_within_s: float = Field(default=30.0, ge=1, le=600)
    """A connection that has not said by then who it is is closed."""
    silence_s: float = Field(default=300.0, ge=10, le=86_400)
    """A connection from which nothing comes for so long is closed: the network often does not say that it is gone."""

    @field_validator("registration")
    @classmethod
    def _usable(cls, pattern: str | None) -> str | None:
        names = REGISTRATION_FIELD.findall(pattern or "{id}")
        strange = [name for name in names if name not in ("id", "secret")]
        if strange:
            raise ValueError(f"{{{strange[0]}}} is not known: {{id}} is the DTU's number, {{secret}} its password")
        if names.count("id") != 1 or names.count("secret") > 1:
            raise ValueError("write {id} once, and {secret} at most once: REG:{id},{secret};")
        if "}{" in (pattern or ""):
            raise ValueError(
                "write something between {id} and {secret}, or nobody can tell where one ends: {id},{secret}"
            )
        return pattern

    @field_validator("heartbeats")
    @classmethod
    def _readable(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for text in given:
            if not 1 <= len(token_of(text)) <= 128:
                raise ValueError(f"'{text[:40]}': a heartbeat has from 1 to 128 bytes")
        return given

    @property
    def tokens(self) -> tuple[bytes, ...]:
        """The heartbeats as they are sent."""
        return tuple(map(token_of, self.heartbeats))


class Polling(Section):
    """DTUs that dial in, and whose slaves are polled as their profiles say."""

    listeners: tuple[DtuListener, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _apart(self) -> "Polling":
        taken: set[tuple[str, int]] = set()
        for each in self.listeners:
            if (each.host, each.port) in taken:
                raise ValueError(f"port {each.port} is there twice: each listener needs a port of its own")
            taken.add((each.host, each.port))
        return self


def token_of(text: str) -> bytes:
    """The bytes of a heartbeat; ValueError for hexadecimal digits that are none."""
    if not text.startswith("hex:"):
        return text.encode()
    try:
        return bytes.fromhex(text[4:])
    except ValueError:
        raise ValueError(f"'{text[:40]}': behind hex: stand pairs of hexadecimal digits, such as hex:FE01") from None
