"""JSON of which some members are wanted, each with its type; what is not wanted costs little. Pure."""

import re
from typing import Generic, TypeVar

import msgspec

from devices.codecs.jsontext import check_costs, parse
from devices.codecs.pointer import pointer
from hub.errors import DecodeError
from hub.words.sentence import Sentence

S = TypeVar("S", bound=msgspec.Struct)

_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_WHERE = re.compile(r" - at `\$?([^`]*)`$")
_TYPES = re.compile(r"`([^`]+)`")


class TypedJson(Generic[S]):
    """Reads objects of one kind, made of a msgspec.Struct whose members all have defaults."""

    def __init__(self, kind: type[S]) -> None:
        self._kind = kind
        self._decoder = msgspec.json.Decoder(kind)

    def read(self, payload: bytes) -> S:
        """The wanted members; DecodeError as `parse`, or `bad_field` at the member that has another type."""
        check_costs(payload)
        refusal = DecodeError("not_json", Sentence("refusal.json.strict"), 0)
        try:
            if not payload.isascii():
                payload.decode()  # also of what is passed over: a pointer leads nowhere in what is no text
            return self._decoder.decode(payload)
        except msgspec.ValidationError as error:
            refusal = _refusal(str(error))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass  # what is wrong, and where, is told by those who look closer
        parse(payload)
        raise refusal


def _refusal(told: str) -> DecodeError:
    """Of what msgspec says, such as "Expected `int`, got `str` - at `$.rxInfo[0].rssi`"."""
    where = _WHERE.search(told)
    steps = [name or int(index) for name, index in _STEP.findall(where[1])] if where else []
    types: list[str] = _TYPES.findall(told[: where.start()] if where else told)
    if len(types) < 2:
        return DecodeError("bad_field", Sentence("refusal.json.member", told=told[:80]), pointer(*steps))
    sentence = Sentence("refusal.json.type", wanted=types[0], found=types[1])
    return DecodeError("bad_field", sentence, pointer(*steps))
