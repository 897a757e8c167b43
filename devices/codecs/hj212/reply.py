"""What a station of HJ 212 is answered once its frame is stored. Pure."""

from devices.codecs.hj212.frame import Message, written

_DATA_REPLY, _NOTICE_REPLY, _REQUEST_REPLY = "9014", "9013", "9011"
UPLOADS = frozenset({"2011", "2021", "2031", "2041", "2051", "2061", "2081", "3015", "3019", "3020"})
_HEARTBEAT = "9015"
_ANSWERED, _VERSION = 1, ~3
"""Bits of Flag: whether a reply is wanted, and which edition of the standard the station follows."""


def reply(message: Message) -> bytes | None:
    """The frame of the reply; None where the station wants none."""
    command = message.fields.get("CN")
    if command != _HEARTBEAT and command not in UPLOADS:
        return None
    return _written(message, _NOTICE_REPLY if command == _HEARTBEAT else _DATA_REPLY, "")


def refusal(message: Message, returned: int) -> bytes | None:
    """The frame that tells why nothing was taken (QnRtn, table 9): no confirmation, so that it is sent again."""
    if message.fields.get("CN") not in UPLOADS | {_HEARTBEAT}:
        return None
    return _written(message, _REQUEST_REPLY, f"QnRtn={returned}")


def _written(message: Message, command: str, data: str) -> bytes | None:
    fields = message.fields
    flag = fields.get("Flag", "")
    if not (flag.isascii() and flag.isdigit() and len(flag) <= 3 and int(flag) & _ANSWERED):
        return None
    told = {"QN": fields.get("QN", ""), "ST": "91", "CN": command, "PW": fields.get("PW", "")}
    told |= {"MN": fields.get("MN", ""), "Flag": str(int(flag) & _VERSION)}
    segment = ";".join(f"{name}={value}" for name, value in told.items()) + f";CP=&&{data}&&"
    return written(segment.encode("latin-1"))
