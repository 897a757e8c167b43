"""What passwords of stations look like, by protocol. Pure."""

import re
from collections.abc import Mapping
from typing import Literal, get_args

from hub.secrets.sealed import Place
from hub.words.sentence import Sentence

Protocol = Literal["hj212", "sl651", "gb28181", "gat1400"]
"""Protocols whose stations show a password."""
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)

_FORMS: Mapping[str, tuple[re.Pattern[str], Sentence]] = {
    "hj212": (re.compile(r"[!-~]{1,64}"), Sentence("password.form.hj212")),
    "gb28181": (re.compile(r"[!-~]{1,64}"), Sentence("password.form.gb28181")),
    "gat1400": (re.compile(r"[!-~]{1,64}"), Sentence("password.form.gat1400")),
    "sl651": (re.compile(r"[0-9A-F]{4}"), Sentence("password.form.sl651")),
}
_SEPARATORS = frozenset(";=&#,")
"""Of HJ 212: a PW with one of these cannot be written into a frame."""


class PasswordRefused(ValueError):
    """Not a password of its protocol"""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def normal_password(protocol: str, text: str) -> str:
    """A password as frames show it; PasswordRefused, without a part of it, for what no frame can."""
    told = text.upper() if protocol == "sl651" else text
    form, named = _FORMS[protocol]
    if not form.fullmatch(told) or (protocol == "hj212" and _SEPARATORS & set(told)):
        raise PasswordRefused(named)
    return told


def password_place(device_id: int, protocol: str) -> Place:
    """Where the password of a station is stored, as well as its former one."""
    return Place("station_password", "password", f"{device_id} {protocol}")
