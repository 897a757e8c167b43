"""What a station of HJ 212 is answered once its frame is stored. Pure."""

from devices.codecs.hj212.frame import Message, written

_DATA_REPLY, _NOTICE_REPLY = "9014", "9013"
_UPLOADS = frozenset({"2011", "2021", "2031", "2041", "2051", "2061", "2081", "3015", "3019", "3020"})
_HEARTBEAT = "9015"
_ANSWERED, _VERSION = 1, ~3
"""Bits of Flag: whether a reply is wanted, and which edition of the standard the station follows."""


def reply(message: Message) -> bytes | None:
    """The frame of the reply; None where the station wants none."""
    fields, command = message.fields, message.fields.get("CN")
    flag = fields.get("Flag", "")
    if command != _HEARTBEAT and command not in _UPLOADS:
        return None
    if not (flag.isascii() and flag.isdigit() and len(flag) <= 3 and int(flag) & _ANSWERED):
        return None
    answer = _NOTICE_REPLY if command == _HEARTBEAT else _DATA_REPLY
    told = {"QN": fields.get("QN", ""), "ST": "91", "CN": answer, "PW": fields.get("PW", "")}
    told |= {"MN": fields.get("MN", ""), "Flag": str(int(flag) & _VERSION)}
    segment = ";".join(f"{name}={value}" for name, value in told.items()) + ";CP=&&&&"
    return written(segment.encode("latin-1"))
