"""What the hub answers to a message of GB/T 28181 once it is stored, as `hub frame check` shows it. Pure."""

from datetime import tzinfo

from devices.codecs.gb28181 import sip, writing
from devices.codecs.gb28181.manscdp import read
from hub.models import Micros


def answer(payload: bytes, _received: Micros, _zone: tzinfo) -> bytes | None:
    """200 where it is a SIP message, and the Response that an alarm is told after that; None of a body alone that is
    no alarm."""
    begin = sip.body_at(payload)
    body = read(payload, begin)
    told = sip.answer(sip.read(payload), 200, "OK", "hub") if begin else b""
    if body.kind == "Notify" and body.command.lower() == "alarm":
        told += writing.confirmation(body.number, body.device)
    return told or None
