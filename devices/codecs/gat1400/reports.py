"""What documents of GA/T 1400 report: whether a device is there. Persons, faces and vehicles are dropped. Pure."""

from datetime import tzinfo

from devices.codecs.decoded import MAX_LEFT_OUT, Decoded
from devices.codecs.gat1400.document import contents, read
from hub.models import Micros


def decode(payload: bytes, _received: Micros, _zone: tzinfo) -> Decoded:
    """Decode a document. The state is that of its device, where it tells of one; lists are those of a check.

    Of a list that is checked nothing is taken where one of it is wrong; a source hands over each for itself.
    """
    found = contents(read(payload))
    decoded = Decoded(timeless=bool(found.states or found.sender), private=found.private)
    for name in found.unused:
        decoded.note_unused(name)
    for error in found.faults[:MAX_LEFT_OUT]:
        decoded.leave_out(error)
    if len({state.device for state in found.states}) == 1:
        decoded.online = found.states[-1].online
    return decoded.settled()
