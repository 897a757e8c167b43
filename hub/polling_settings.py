"""Settings of DTUs that dial in and are polled."""

from pydantic import Field, field_validator

from hub.setting_types import Host, Section


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


def token_of(text: str) -> bytes:
    """The bytes of a heartbeat; ValueError for hexadecimal digits that are none."""
    if not text.startswith("hex:"):
        return text.encode()
    try:
        return bytes.fromhex(text[4:])
    except ValueError:
        raise ValueError(f"'{text[:40]}': behind hex: stand pairs of hexadecimal digits, such as hex:FE01") from None
