"""Frames of WebSockets as a server sends them (RFC 6455, section 5.2): unmasked, so that one is the same for all."""

_TEXT = 0x81
"""The final frame of a text message."""


def text_frame(payload: bytes) -> bytes:
    """A text message in one frame; `payload` is UTF-8."""
    size = len(payload)
    if size < 126:
        return bytes((_TEXT, size)) + payload
    if size < 1 << 16:
        return bytes((_TEXT, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_TEXT, 127)) + size.to_bytes(8, "big") + payload
