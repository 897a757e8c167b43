"""Decoding for a device that floods: a message that is good, or nearly, as ever; any other at no more than its cost."""

from collections.abc import Callable, Container, Iterable
from datetime import tzinfo

from devices.codecs.decoded import Codec, Decoded
from devices.privacy import is_private
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

MAX_STRICT = 4
"""Parts of a message that may be left out; with more all of it is refused."""
_OPENINGS = (b"{", b"[", b"\xef", *(bytes([head]) for head in range(0x80, 0xA0)), b"\xd9")
"""What a message of several parts begins with: JSON, a byte order mark, a list in CBOR."""


class Strict(Decoded):
    """Refuses the message once more than MAX_STRICT parts of it cannot be used."""

    __slots__ = ("known",)

    def __init__(self, known: Container[str]) -> None:
        """`known` are the metrics that are taken."""
        super().__init__()
        self.known = known

    def leave_out(self, error: DecodeError) -> None:
        """Record a part, or refuse the message."""
        if self.left_out >= MAX_STRICT:
            raise DecodeError("too_many_faults", _SEVERAL)
        Decoded.leave_out(self, error)

    def check(self, names: Iterable[str]) -> None:
        """Raise DecodeError once too many names are neither known nor dropped by the privacy gate."""
        unknown = 0
        for name in names:
            if name not in self.known and not is_private(name):
                unknown += 1
                if unknown > MAX_STRICT:
                    raise DecodeError("unknown_metric", Sentence("refusal.strict.unknown", name=repr(name[:64])))


_SEVERAL, _NEITHER = Sentence("refusal.strict.faults", most=MAX_STRICT), Sentence("refusal.strict.neither")


class _Any:
    def __contains__(self, name: object) -> bool:
        return True


ANY: Container[str] = _Any()
"""Of a device that takes any metric."""

StrictCodec = Callable[[bytes, Micros, tzinfo, Decoded | None], Decoded]
"""As a Codec for objects and lists in JSON; decodes into a Strict."""


def strictly(codec: StrictCodec, known: Container[str]) -> Codec:
    """The codec for a device that floods and may send these metrics."""

    def decode(payload: bytes, received: Micros, zone: tzinfo) -> Decoded:
        if payload.lstrip()[:1] not in _OPENINGS:  # most garbage: 1 instead of 10 microseconds
            raise DecodeError("not_json", _NEITHER, 0)
        return codec(payload, received, zone, Strict(known=known))

    return decode
