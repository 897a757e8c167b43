"""What the hub and a process that reads video tell each other: length-prefixed msgpack over a pipe each way.

A login goes down this pipe alone: it stands in no list of processes, no environment and no log.
"""

from enum import IntEnum
from typing import Annotated, Literal, NamedTuple

import msgspec

from hub.clip import Clip
from hub.errors import HubError
from hub.picture import Picture
from hub.words.sentence import Sentence, Words, stored, written

LENGTH_BYTES = 4
MAX_BYTES = 4 << 20
"""Of a message; protects the hub's memory from a child that was taken over."""

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Box = tuple[Share, Share, Share, Share]
At = Annotated[int, msgspec.Meta(ge=0, le=253_370_764_800_000_000)]
"""Microseconds since 1970 by the clock of this machine, before the year 9999: no time lies behind it."""


class Pace(IntEnum):
    """How much of a stream is looked at; in this order work is shed."""

    FULL = 0
    """As many frames a second as wanted."""
    NO_CLIPS = 1
    """As many, but no clips are made."""
    HALF = 2
    """Half as many; pictures that no other refers to are not decoded."""
    KEYS = 3
    """Key pictures alone are decoded, one a second at most."""
    SPARSE = 4
    """One key picture in 10 s."""


class Trusted(NamedTuple):
    """Files of TLS, as of hub.tls.Trust; "": none."""

    ca: str = ""
    certificate: str = ""
    key: str = ""


NOBODY = Trusted()
"""But the authorities of this machine."""


class Showing(msgspec.Struct):
    """How pictures and clips of a stream are made: how the place is learned, and what is added to blocks."""

    occasions: int
    """As pictures.occasions."""
    occasion: int
    """Microseconds between two."""
    seed: bytes
    """Of what is added to the blocks of this camera; where it is of all, what theirs are made of."""
    place: bytes = b""
    """What is kept of the camera's place; empty: nothing."""
    clips: bool = True
    """Whether clips are made, too."""


class Open(msgspec.Struct, tag="open"):
    """Read a stream."""

    slot: int
    camera: str
    url: str
    """Without a login."""
    addresses: list[str]
    """That the guard has allowed: no other is called."""
    login: tuple[str, str] | None = None
    fps: float = 5.0
    """Frames a second to be looked at."""
    settings: bytes = b""
    """Of its analysis, as JSON; empty: the usual ones."""
    overlay: str = ""
    """A file to be written, with what is found drawn in; from the command line alone."""
    tls: Trusted = NOBODY
    silent_s: float = 10.0
    """A stream that sends nothing for so long is over."""
    zone: str = ""
    """Of time, where the camera is; empty: windows of time always hold."""
    showing: Showing | None = None
    """None: nothing of this stream is shown."""
    pace: Pace = Pace.FULL
    """At its begin."""


class OpenFile(msgspec.Struct, tag="file"):
    """Read a file, as fast as it can be; from the command line alone."""

    slot: int
    path: str
    fps: float = 5.0
    settings: bytes = b""
    overlay: str = ""


class Glance(msgspec.Struct, tag="glance"):
    """Diagnose a camera from a few frames; answered by `Glanced`, if it shows any, and `Ended`."""

    slot: int
    camera: str
    url: str
    """As in Open."""
    addresses: list[str]
    login: tuple[str, str] | None = None
    silent_s: float = 10.0
    reference: bytes = b""
    """What is remembered of its place; empty: nothing."""
    tls: Trusted = NOBODY


class Close(msgspec.Struct, tag="close"):
    """Read it no more; answered by `Ended`."""

    slot: int


class SetPace(msgspec.Struct, tag="pace"):
    """Look at more or less of a stream."""

    slot: int
    pace: Pace


class Up(msgspec.Struct, tag="up"):
    """The first frame is there."""

    slot: int
    encoding: str
    width: int
    height: int


class Found(msgspec.Struct, tag="found"):
    """A finding; one that lasts is told again and again."""

    slot: int
    at: At
    t: float
    """Seconds of the stream."""
    kind: str
    state: Literal["active", "ended"]
    score: float
    zone: str | None
    cues: dict[str, float]
    again: bool = False
    picture: Picture | None = None
    """The frame as it may be kept, or why it is not; with a frame around `box`."""
    clip: int = 0
    """The number of its clip, which follows; 0: there is none."""
    no_clip: str = ""
    """Why, where clips are made of the stream."""
    box: Box | None = None
    """Where in the picture it is: left, top, right, bottom, in shares of it."""


class Clipped(msgspec.Struct, tag="clipped"):
    """The clip of a finding that was told before, or why there is none."""

    slot: int
    number: int
    clip: Clip


class Placed(msgspec.Struct, tag="placed"):
    """What is known of the camera's place, to be kept: what is place, and nothing else."""

    slot: int
    place: bytes


class Measured(msgspec.Struct, tag="measured"):
    """Readings, by metric: what was counted or read in the time before."""

    slot: int
    at: At
    t: float
    values: dict[str, float]


class Figures(msgspec.Struct, tag="figures"):
    """What a stream has cost since the last ones."""

    slot: int
    seconds: float
    cpu_s: float
    """Of reading, decoding and analysis."""
    received: int
    """Bytes."""
    decoded: int
    analysed: int
    dropped: int
    """Pictures that came damaged, or faster than they were decoded."""
    cost: dict[str, float]
    """Processor seconds by detector."""
    text: str = ""
    """Why the camera's network is not asked any more; empty: it is, or there is none."""
    words: Words | None = None


class Glanced(msgspec.Struct, tag="glanced"):
    """What a few frames of a camera show."""

    slot: int
    scores: dict[str, float]
    """0 to 1, by kind of fault: 0.5 counts."""
    reference: bytes
    cpu_s: float
    picture: bytes = b""
    """JPEG of the frame that was judged, where something is wrong with it; it has not passed the gate."""


class Ended(msgspec.Struct, tag="ended"):
    """It is not read any more; `step` and `text` as of CameraFailed. Without a step it is at its end, or was closed."""

    slot: int
    step: str = ""
    text: str = ""
    words: Words | None = None

    @property
    def sentence(self) -> str:
        """Why, as a sentence where it is one."""
        return stored(self.text, self.words)


def ended(slot: int, step: str, why: str) -> Ended:
    """As a child tells it."""
    return Ended(slot, step, str(why), written(why) if isinstance(why, Sentence) else None)


Told = Open | OpenFile | Glance | Close | SetPace
Report = Up | Found | Clipped | Placed | Measured | Figures | Glanced | Ended
_encoder = msgspec.msgpack.Encoder()
TOLD = msgspec.msgpack.Decoder(Told)
REPORT = msgspec.msgpack.Decoder(Report)


class TooLongError(HubError):
    """A message with more bytes than any has"""


def frame(message: Told | Report) -> bytes:
    """A message with its length."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body
