"""What a talk with a platform is made of. Pure: whoever runs it makes the calls, and stores what was found.

A talk yields Calls, each of which is answered with the body of the answer, and Found, which is stored before the talk
goes on. Found are bodies as the platform would have pushed them: they go through the same codecs, and what was pushed
and is found again is known by its time or id. The newest of a device comes first: what is older then changes nothing
that it has decided.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

import msgspec

from hub.models import Micros
from hub.words.sentence import Sentence

MAX_ANSWER = 8 << 20
PAGES = 200
"""Pages of one talk; what is beyond them stays missed."""

Known = Literal["latest", "properties", "filled"]
"""What is known after a talk: the newest state; all properties, and no events; all that was sent."""


class Access(NamedTuple):
    """How a platform is asked: what it calls the rest depends on it (docs/carriers)."""

    url: str
    id: str
    scope: str
    secret: str


class Asked(NamedTuple):
    """Of whom, and from when to when."""

    address: str
    product: str | None
    begin: Micros
    end: Micros


class Call(NamedTuple):
    """A request."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


class Found(NamedTuple):
    """Bodies as they would have been pushed."""

    bodies: list[bytes]
    current: bool = False
    """Whether they tell what is so now, however long ago that began."""


Talk = Generator[Call | Found, bytes, Known]
Ask = Callable[[Access, Asked, float], Talk]
"""`now` is seconds since 1970."""


class PlatformSaysNoError(Exception):
    """The platform answers that it does not do what it was asked for"""

    def __init__(self, sentence: Sentence, *, access: bool = False) -> None:
        """`access`: it lets nobody in with what the hub shows; else it is about this device alone."""
        super().__init__(sentence)
        self.sentence, self.access = sentence, access


_ACCESS = ("AuthFailure", "SignatureDoesNotMatch", "InvalidAccessKey", "Forbidden", "IncompleteSignature")


def no(code: object, text: object) -> PlatformSaysNoError:
    """Of an error that a platform tells in its answer."""
    told = f"{code} {text or ''}".strip()[:200]
    return PlatformSaysNoError(Sentence("refusal.asked.no", told=told), access=told.startswith(_ACCESS))


def read(body: bytes) -> dict[str, Any]:
    """An answer; PlatformSaysNoError where it is no object of JSON."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise PlatformSaysNoError(Sentence("refusal.asked.unread")) from None
    if not isinstance(told, dict):
        raise PlatformSaysNoError(Sentence("refusal.asked.unread"))
    return told


def under(told: object, *names: str) -> Any:
    """What stands at a path; None where nothing does."""
    for name in names:
        if not isinstance(told, dict):
            return None
        told = told.get(name)
    return told


def listed(told: object) -> list[dict[str, Any]]:
    """The objects of a list; of anything else none."""
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def millis(value: object) -> int | None:
    """Milliseconds since 1970, also in quotes; None of anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    return value if type(value) is int and 0 < value < 10**15 else None


def number(value: object) -> object:
    """A number that stands in quotes, as what it is; anything else as it is."""
    if not isinstance(value, str) or len(value) > 40:
        return value
    try:
        found = float(value)
    except ValueError:
        return {"true": True, "false": False}.get(value, value)
    return found if found == found and abs(found) != float("inf") and value[:1] in "-0123456789." else value


def form(values: Mapping[str, object]) -> str:
    """As a query, sorted, with %20 for blanks (RFC 3986)."""
    return "&".join(f"{quote(key, safe='~')}={quote(str(value), safe='~')}" for key, value in sorted(values.items()))


def dumped(value: object) -> bytes:
    """As JSON."""
    return msgspec.json.encode(value)


class Value(NamedTuple):
    """A property at a time."""

    name: str
    at: int
    """Milliseconds."""
    value: object


def by_time(values: Iterable[Value]) -> dict[int, dict[str, object]]:
    """Properties by their time."""
    found = dict[int, dict[str, object]]()
    for each in values:
        found.setdefault(each.at, {})[each.name] = each.value
    return found


def two(address: str) -> tuple[str, str]:
    """The parts of an address of product and device."""
    product, _, name = address.partition("/")
    return product, name
