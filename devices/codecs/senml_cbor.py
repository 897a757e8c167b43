"""SenML packs in CBOR (RFC 8428, 6) as readings.

They mean what those in JSON do (senml.py), and are refused for the same reasons. The place of a fault is the byte where
the value begins, or its record.
"""

from datetime import tzinfo
from typing import Any

from devices.codecs import senml
from devices.codecs.cbor import MAP, Cbor
from devices.codecs.decoded import Decoded, Fault, Place
from hub.errors import At, DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

LABELS = {
    -1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs",
    0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd",
}  # fmt: skip
"""Those of JSON by those of CBOR (RFC 8428, table 4)."""
CONTENT_TYPE = "application/senml+cbor"


def decode(payload: bytes, received: Micros, _zone: tzinfo, into: Decoded | None = None) -> Decoded:
    """Decode a pack; DecodeError when no reading is usable."""
    records = _records(payload)
    try:
        decoded = senml.resolve(records, received, into)
    except DecodeError as error:
        marks = _marks(payload)
        faults = [(reason, detail, _byte(marks, at)) for reason, detail, at in error.faults]
        raise DecodeError(*faults[0], faults) from None
    if decoded.faults:
        marks = _marks(payload)
        decoded.faults = [Fault(reason, detail, _byte(marks, at)) for reason, detail, at in decoded.faults]
    return decoded


def places(payload: bytes, received: Micros, _zone: tzinfo) -> list[Place]:
    """Location of each reading returned by `decode`, which must have succeeded."""
    marks = _marks(payload)
    found = senml.places_in(_records(payload), received)
    return [Place(_byte(marks, value), _byte(marks, time)) for value, time in found]


def _records(payload: bytes) -> list[Any]:
    pack = Cbor(payload).read()
    if not isinstance(pack, list):
        raise DecodeError("senml_not_a_pack", Sentence("refusal.senml.pack_cbor"), 0)
    return [_named(record) if type(record) is dict else record for record in pack]


def _named(record: dict[Any, Any]) -> dict[str, Any]:
    """With the labels of JSON; a label that is sent as a number counts before the same one as a text."""
    return {str(label): value for label, value in record.items() if label not in LABELS} | {
        LABELS[label]: value for label, value in record.items() if label in LABELS
    }


_Marks = list[dict[str, int]]
"""By record: where its values begin, by their labels; where it begins itself, by none."""


def _marks(payload: bytes) -> _Marks:
    """Of a pack that can be read."""
    reader, found = Cbor(payload), []
    for _ in range(reader.opened()[1]):
        marks = {"": reader.at}
        major, count = reader.opened()
        if major == MAP:
            for _ in range(count):
                label = reader.value()
                marks[LABELS.get(label, str(label))] = reader.at
                reader.value()
        else:
            reader.at = marks[""]
            reader.value()
        found.append(marks)
    return found


def _byte(marks: _Marks, at: At) -> At:
    """Of a place in the records the byte."""
    if not isinstance(at, str):
        return at
    _, *steps = at.split("/")
    record = marks[int(steps[0])] if steps else {"": 0}
    return record.get(steps[1] if len(steps) > 1 else "", record[""])
