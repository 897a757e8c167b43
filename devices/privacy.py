"""The privacy gate: this hub watches places and things, not persons.

No face recognition, no plate or person identification, no tracking, no biometric data: fields, metrics and
events of such names are dropped where they are decoded, and values that identify a person are masked in texts. They
are counted; they are never stored or logged.
"""

import re
from functools import lru_cache
from typing import Any

from devices.personal_values import MASK, holds_personal_value, masked
from devices.picture_signs import contains_picture, writes_picture

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\x00-\x7f]+")

_ENGLISH = re.compile(
    r"""\b(?:
        faces? | facial
      | face (?: ids? | image | img | pic | picture | photo | url | rect | box | bbox | features? | capture | snap
               | detect | detection | match | matching | recognition | score | lib | library | list | data | info
               | attributes? | compare | comparison | verify | verification | token | count )
      | anpr | alpr | lpr | itsplate
      | (?: license | licence | number | car | vehicle | registration ) [ ]? plates?
      | (?: license | licence | car | vehicle )? plate [ ]?
            (?: no | num | number | id | text | code | colou?r | type | image | img | pic | picture | url | region
              | country | province | characters? | confidence | result | recognition | detection | list | info )
      | vehicle [ ]? match (?: [ ]? result )?
      | (?: person | persons | people | personnel | pedestrian | human | visitor | resident | suspect | passenger
          | driver | employee ) [ ]?
            (?: ids? | name | no | image | img | photo | picture | info | features? | attributes? | identity
              | reid | re [ ] id | gender | card | tracks? | tracking | trajectory | recognition | identification
              | match | matching | search | database | tag )
      | reid | tracks? [ ]? ids? | tracking [ ]? (?: ids? | target | object | person | vehicle | face | result )
      | (?: target | object | vehicle ) [ ]? track (?: s | ing )? | tracklets? | trajector (?: y | ies )
      | biometrics? | finger [ ]? prints? | finger [ ]? veins? | palm [ ]? prints? | palm [ ]? veins?
      | iris [ ]? (?: scan | code | image | features? | recognition )
      | retinas? | voice [ ]? prints? | gait
      | gender | age [ ]? group | age [ ]? range | hair [ ]? style
      | hair [ ]? colou?r | beard | ethnicity
      | id [ ]? card | identity [ ]? card | national [ ]? id | citizen [ ]? id | passport | card [ ]? holder
      | (?: mobile | phone | cellphone | telephone ) [ ]? (?: no | num | numbers? )
      | access [ ]? controller [ ]? event
      | renlian | chepai (?: hao )? | shenfenzheng | xingming
    )\b
    | ^ (?: plates? | tracking ) $""",
    re.VERBOSE,
)
"""On the words of a name in lower case, one space between: licensePlate and license_plate are `license plate`."""
_CHINESE = re.compile(
    "人脸|面部|脸部|人像|车牌|号牌|身份证|证件号|护照|人员(?:身份|识别|姓名|编号|轨迹|特征|抓拍|比对|追踪|跟踪)|轨迹|目标跟踪|"
    "行人(?:识别|跟踪|追踪|特征)|指纹|虹膜|声纹|掌纹|指静脉|步态|生物(?:特征|识别)|姓名|性别|年龄|民族|手机号|电话号码|车主|驾驶员|以图搜图"
)
_STEM = re.compile(
    "fac|plate|pr|person|people|pedestrian|human|visitor|resident|suspect|passenger|driver|employee|reid|track|traject|"
    "biometr|finger|palm|iris|retina|voice|gait|card|national|citizen|passport|gender|age|hair|beard|ethnic|phone|mobile|"
    "match|access|chepai|renlian|shenfen|xingming"
)
_STEMS = _STEM.pattern.split("|")
"""In lower case; each name that _ENGLISH matches holds one of them."""
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_SHORT = 6
"""A name that is not longer holds no number plate, let alone a number of a person."""
_TOKENS = re.compile(r"""[^\s"'`:;,=<>()\[\]{}&?/\\|]{2,64}""")
_CODE, _LONG_NUMBER = re.compile(r"[0-9A-Za-z._-]*"), re.compile(r"\d{11}")
_ALARM = re.compile(r"cmdtype\W{1,4}alarm")
"""Of GB/T 28181: a position in one is where somebody is who carries it. In a directory, it is where a camera stands."""
_LOGIN = re.compile(r"^(?:proxy-)?authorization[ \t]*:", re.IGNORECASE | re.MULTILINE)
_WINDOW = 128
_GATED = "gate:"
SHORTEST_PICTURE = 64
"""Characters of a text that may be a picture; one that shows anything has some hundred more."""


@lru_cache(maxsize=65_536)
def _named_private(name: str) -> bool:
    if len(name) > _SHORT and holds_personal_value(name):
        return True
    if name.isascii() and _STEM.search(name.lower()) is None:  # most names: 1 instead of up to 14 microseconds
        return False
    words = " ".join(_WORDS.findall(name)).lower()
    return _ENGLISH.search(words) is not None or _CHINESE.search(name) is not None


def is_private(name: str) -> bool:
    """Whether a field, metric or event name concerns persons (camelCase, snake_case, Chinese)."""
    if len(name) <= _WINDOW:
        return _named_private(name)
    return any(
        _named_private.__wrapped__(name[at : at + _WINDOW]) for at in range(0, len(name) - _WINDOW // 2, _WINDOW // 2)
    )


def as_code(told: str) -> str:
    """A device's code as it may be kept: MASK where it is of other signs than codes are, or may be about a person."""
    is_one = _CODE.fullmatch(told) is not None and _LONG_NUMBER.search(told) is None
    return told if is_one and not is_private(told) else MASK


def without_private(value: Any, depth: int = 16, *, texts: bool = True) -> tuple[Any, int]:
    """Remove private fields at any depth and texts that are pictures, and mask values that identify a person in texts.

    Returns the rest and their number; RecursionError beyond `depth`. Without `texts` they stay as they are.
    """
    if depth < 0:
        raise RecursionError
    if isinstance(value, str):
        if len(value) >= SHORTEST_PICTURE and writes_picture(value):
            return "", 1
        return masked(value) if texts else (value, 0)
    if isinstance(value, dict):
        kept, dropped = {}, 0
        for name, part in value.items():
            if is_private(name):
                dropped += 1
                continue
            kept[name], below = without_private(part, depth - 1, texts=texts)
            dropped += below
        return kept, dropped
    if isinstance(value, list):
        parts = [without_private(part, depth - 1, texts=texts) for part in value]
        return [part for part, _ in parts], sum(below for _, below in parts)
    return value, 0


def place_told(place: int) -> str:
    """What stands in an event for a picture that was taken out of its message: its place among `Raw.pictures`."""
    return f"{_GATED}{place}"


def picture_place(value: object) -> int | None:
    """The place that `place_told` told; None for anything else."""
    told = value.removeprefix(_GATED) if isinstance(value, str) and value.startswith(_GATED) else ""
    return int(told) if told.isascii() and told.isdigit() and len(told) < 4 else None


def holds_picture(payload: bytes) -> bool:
    """Whether bytes contain a picture: it may show persons and is not kept unless pixelated."""
    return b'"image"' in payload or b"/9j/" in payload or contains_picture(payload)


def mentions_private(payload: bytes) -> bool:
    """Whether undecodable bytes mention personal data or a login and therefore must not be kept.

    Looks for positions, for names, and for values that identify a person; what is no text is not recognised.
    """
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        text = payload.decode("gb18030", "replace")
    if "\\u" in text:
        text = _ESCAPED.sub(lambda escaped: chr(int(escaped[1], 16)), text)
    if holds_personal_value(text) or _LOGIN.search(text) is not None:
        return True
    if not text.isascii() and _CHINESE.search(text) is not None:
        return True
    lowered = text.lower()
    if "mobileposition" in lowered or ("<longitude" in lowered and _ALARM.search(lowered) is not None):
        return True
    stems = [stem for stem in _STEMS if stem in lowered]
    if not stems:
        return False
    tokens = _TOKENS.findall(text)  # 0.2 ms for 3 kB that hold many stems; asking for each token took 1.2 ms
    small = [token.lower() for token in tokens]
    suspects = {number for stem in stems for number, token in enumerate(small) if stem in token}
    return any(is_private(tokens[number]) for number in suspects)
