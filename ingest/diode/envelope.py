"""A file of an edge: three lines and a body. Pure.

The first line is MARK, the second a JSON object (Head), the third the Ed25519 signature of the first two in base64. The
body is zlib of msgpack, a list of messages as they arrived. The head has its SHA-256, so that the signature covers it.
"""

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.clip import Clip
from hub.crypto import SOFTWARE
from hub.models import HUB, Micros, Raw, bytes_of, read_origin
from hub.picture import Picture
from hub.words.sentence import Sentence
from ingest.diode.keys import Keys, verified

LAST = 253_402_300_799_000_000
"""Microseconds at the end of the year 9999: a time of arrival beyond it could not be stored."""
MAX_TOKEN = 0xFFFF
MARK = b"ganzhi-diode-1"
ENDING = ".gdx"
MAX_HEAD = 16 << 10
CHAIN = re.compile(r"[0-9a-f]{12}")
DIGEST = re.compile(r"([0-9a-f]{64})?")
MAX_BODY = 192 << 20
"""Of the messages of a file; protects memory from one that says it is larger when it is unpacked."""

Clock = Literal["right", "unsure", "unknown"]
"""What an edge knows of its clock: synchronised, not synchronised, or nobody can say."""


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """What a file says of itself."""

    edge: str
    chain: str
    """Of the numbers: an edge that has lost its archive begins another one."""
    number: int
    """From 1, without gaps: it is the key by which a file that comes twice counts once."""
    previous: str
    """Digest of the file before; empty of the first."""
    key: str
    """Id of the key that signs it."""
    count: int
    """Messages."""
    size: int
    """Bytes of the body unpacked, and packed."""
    packed: int
    sha256: str
    """Of the packed body, hex."""
    written: Micros
    """By the edge's clock."""
    clock: Clock = "unknown"
    since: Micros | None = None
    """Since when the edge hears all that is sent to it; None: it does not."""
    until: Micros = 0
    """Until when."""
    kept_from: int = 1
    """The lowest number that the edge still has."""


class _Message(NamedTuple):
    origin: str
    payload: bytes
    received: Micros
    token: int = 0
    source: str = ""
    repeated: int = 0
    retained: bool = False
    pictures: tuple[Picture, ...] = ()
    clip: Clip | None = None


class UnusableError(Exception):
    """A file that cannot be taken"""

    def __init__(self, reason: str, detail: str = "", head: Head | None = None) -> None:
        """`reason` is a key of REASONS."""
        super().__init__(f"{REASONS[reason]}: {detail}" if detail else REASONS[reason])
        self.reason, self.detail, self.head = reason, detail, head

    @property
    def sentence(self) -> Sentence:
        """Why, without what it says of itself."""
        return REASONS[self.reason]


REASONS = {
    "no_file": Sentence("edge.aside.no_file"),
    "cut_short": Sentence("edge.aside.cut_short"),
    "too_large": Sentence("edge.aside.too_large"),
    "unknown_edge": Sentence("edge.aside.unknown_edge"),
    "unknown_key": Sentence("edge.aside.unknown_key"),
    "bad_signature": Sentence("edge.aside.bad_signature"),
    "bad_body": Sentence("edge.aside.bad_body"),
    "other_content": Sentence("edge.aside.other_content"),
    "other_chain": Sentence("edge.aside.other_chain"),
    "too_old": Sentence("edge.aside.too_old"),
    "unreadable": Sentence("edge.aside.unreadable"),
}
"""Why a file is set aside."""

_HEADS = msgspec.json.Decoder(Head)
_BODIES = msgspec.msgpack.Decoder(list[_Message])


class Envelope(NamedTuple):
    """A file whose signature is right."""

    head: Head
    digest: bytes
    """SHA-256 of the signed text: the same number with another one is another content."""
    body: bytes
    """Packed; its digest is right, too."""


def packed(raws: Iterable[Raw]) -> tuple[int, int, bytes]:
    """The body of a file: how many messages, its size, and it packed."""
    messages = [_Message(raw.origin.text, *raw[1:8], raw.clip) for raw in raws]
    body = msgspec.msgpack.encode(messages)
    return len(messages), len(body), zlib.compress(body, 1)


def sealed(head: Head, body: bytes, key: Ed25519PrivateKey) -> tuple[bytes, bytes]:
    """The three lines of a file, and its digest; the body follows."""
    text = MARK + b"\n" + msgspec.json.encode(head) + b"\n"
    signature = SOFTWARE.sign(key, text)
    return text + base64.b64encode(signature) + b"\n", hashlib.sha256(text).digest()


def head_of(content: bytes) -> tuple[Head, bytes, bytes, int]:
    """Of a file whose signature is not looked at: its head, the signed text, the signature, where the body begins.

    UnusableError: it is none, or ends before.
    """
    lines = content[: MAX_HEAD + 256].split(b"\n", 3)
    if not MARK.startswith(lines[0][: len(MARK)]) or len(lines[0]) > len(MARK):
        raise UnusableError("no_file")
    if len(lines) < 4:
        raise UnusableError("cut_short" if len(content) <= MAX_HEAD else "no_file")
    try:
        head = _HEADS.decode(lines[1])
        signature = base64.b64decode(lines[2], validate=True)
    except (msgspec.MsgspecError, UnicodeDecodeError, binascii.Error, RecursionError) as error:
        raise UnusableError("no_file", str(error)[:200]) from error
    text = b"\n".join(lines[:2]) + b"\n"
    return head, text, signature, len(text) + len(lines[2]) + 1


class Signed(NamedTuple):
    """The head of a file whose signature is right."""

    head: Head
    digest: bytes
    start: int
    """Where the body begins."""


def signed(content: bytes, keys: Keys) -> Signed:
    """The head of a file of one of the edges, of which the body may be missing; UnusableError says what it is not."""
    head, text, signature, start = head_of(content)
    if head.edge not in keys:
        raise UnusableError("unknown_edge", head.edge[:64], head)
    key = keys[head.edge].get(head.key)
    if key is None:
        raise UnusableError("unknown_key", head.key[:64], head)
    if not verified(key, signature, text):
        raise UnusableError("bad_signature", "", head)
    if not (0 <= head.size <= MAX_BODY and 0 <= head.packed <= MAX_BODY):
        raise UnusableError("too_large", f"{head.size} bytes", head)
    numbers, times = (head.number, head.kept_from), (head.written, head.since or 0, head.until)
    if not (all(0 < each < 1 << 62 for each in numbers) and all(0 <= each <= LAST for each in times)):
        raise UnusableError("no_file", "number or time", head)
    if not CHAIN.fullmatch(head.chain) or not DIGEST.fullmatch(head.previous) or not 0 <= head.count <= MAX_BODY:
        raise UnusableError("no_file", "chain, previous or count", head)
    return Signed(head, hashlib.sha256(text).digest(), start)


def opened(content: bytes, keys: Keys) -> Envelope:
    """A file of one of the edges, signed and whole; UnusableError says what it is not."""
    head, digest, start = signed(content, keys)
    body = content[start:]
    if len(body) < head.packed:
        raise UnusableError("cut_short", f"{len(body)} of {head.packed} bytes", head)
    if len(body) > head.packed or hashlib.sha256(body).hexdigest() != head.sha256:
        raise UnusableError("bad_body", "", head)
    return Envelope(head, digest, body)


def messages_of(envelope: Envelope, shift: Micros, carried: Micros) -> list[Raw]:
    """The messages of a file, their times of arrival moved by `shift`; they came out of the diode at `carried`.

    What only a hub itself finds out is left out, whoever signed it. UnusableError: they cannot be read.
    """
    head = envelope.head
    unpacking = zlib.decompressobj()
    try:
        body = unpacking.decompress(envelope.body, head.size + 1)
        if len(body) != head.size or not unpacking.eof:
            raise UnusableError("bad_body", "its size", head)
        messages = _BODIES.decode(body)
        if len(messages) != head.count:
            raise UnusableError("bad_body", f"{len(messages)} messages of {head.count}", head)
        raws = [_raw(each, head, shift, carried) for each in messages]
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise UnusableError("bad_body", str(error)[:200], head) from error
    return [raw for raw in raws if raw.origin.transport != HUB and (raw.origin.device or raw.origin.fault)]


def _raw(message: _Message, head: Head, shift: Micros, carried: Micros) -> Raw:
    received = message.received + shift
    if not 0 <= received <= LAST or not 0 <= message.token <= MAX_TOKEN:
        raise ValueError("a time or a token that is none")
    source = f"{head.edge}/{head.chain}/{message.source}" if message.token else message.source
    return Raw(
        read_origin(message.origin), message.payload, received, message.token, source, message.repeated,
        message.retained, message.pictures, max(carried, received), message.clip,
    )  # fmt: skip


def shift_of(head: Head, now: Micros, kept: Micros) -> Micros:
    """By how much the times of a file are moved: to now, where its edge's clock cannot be right.

    Nothing comes before it was written, nor later than an edge keeps it (`kept`). A clock that its edge calls unsure
    and that may be right is left alone: how long a file was under way nobody knows.
    """
    return 0 if now - kept <= head.written <= now + AHEAD else now - head.written


AHEAD: Micros = 2_000_000
"""By so much clocks may differ."""


def name_of(edge: str, chain: str, number: int) -> str:
    """Of a file."""
    return f"{edge}.{chain}.{number:012d}{ENDING}"


def parted(raws: Sequence[Raw], most: int) -> list[Sequence[Raw]]:
    """Messages in parts of at most so many bytes of payloads, pictures and clips; one part where there are none."""
    parts: list[Sequence[Raw]] = []
    start = size = 0
    for place, raw in enumerate(raws):
        of_this = bytes_of((raw,))
        if place > start and size + of_this > most:
            parts.append(raws[start:place])
            start, size = place, 0
        size += of_this
    return [*parts, raws[start:]]
