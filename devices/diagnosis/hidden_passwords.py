"""What stations show as their password, hidden in frames that are shown: PW of HJ 212, bytes 8 and 9 of SL 651.

Also in frames that are broken, cut or of no known beginning: those are the ones that people look at. Pure.
"""

import re

_PW = re.compile(rb"(?:^\s*(?:#+[0-9]*\s*|[0-9]+\s*)?|##[0-9]*\s*|;\s*)PW\s*=([^;&]*)", re.IGNORECASE)
"""Wherever the codec reads it: as any field, with blanks around its name; and at the beginning of a rest of a frame."""
_PACKET = re.compile(rb"(?=~~.{6}(.{1,2}))", re.DOTALL)
"""Each packet of a message of SL 651 shows it."""


def is_sl651(payload: bytes) -> bool:
    """Whether it begins as a packet of SL 651, which is shown in hexadecimal even where its bytes are text."""
    return payload.lstrip(b"\r\n").startswith(b"~~")


def spans(payload: bytes) -> list[tuple[int, int]]:
    """Where passwords begin and end, in order."""
    return [found.span(1) for found in (_PACKET if is_sl651(payload) else _PW).finditer(payload)]


def covered(payload: bytes, cover: bytes | None = None) -> bytes:
    """With `cover` instead of each password; without, as many asterisks as it has bytes, so that places stay right."""
    parts, after = [], 0
    for begin, end in spans(payload):
        begin = max(begin, after)  # packets that only look like some may lie in one another
        parts += [payload[after:begin], b"*" * (end - begin) if cover is None else cover]
        after = end
    return b"".join([*parts, payload[after:]])


def packet_shown(packet: bytes) -> str:
    """A packet of SL 651 in hexadecimal, with `**` for each byte of a password."""
    hidden = {at for begin, end in spans(packet) for at in range(begin, end)}
    return " ".join("**" if at in hidden else f"{octet:02x}" for at, octet in enumerate(packet))
