"""The session of an edge node of Sparkplug B: births, aliases, sequence numbers, deaths. Pure.

What its messages mean depends on its births: data name metrics by aliases that a birth has given, and do not tell their
type. `EdgeNode.take` gives messages back that mean the same by themselves, so that whoever decodes them, now or as a
dead letter next week, needs no session. A hub that has just started knows no births and asks for them: what it had
noted of aliases may be of a session that has ended meanwhile, and a value under another's name is worse than none.
"""

from typing import NamedTuple

from devices.codecs.protobuf import block, key, span, varint
from devices.codecs.sparkplug.payload import (
    ALIAS,
    BD_SEQ,
    DATATYPE,
    INT,
    LONG,
    METRICS,
    NAME,
    Metric,
    Payload,
    metric_of,
    name_of,
    read,
    told,
)  # fmt: skip
from hub.errors import DecodeError

NBIRTH, NDEATH, DBIRTH, DDEATH, NDATA, DDATA = "NBIRTH", "NDEATH", "DBIRTH", "DDEATH", "NDATA", "DDATA"
KINDS = (NBIRTH, NDEATH, DBIRTH, DDEATH, NDATA, DDATA)
"""As topics name them."""
MAX_METRICS = 20_000
"""Of an edge node with its devices: what it declares beyond is not remembered, and its data are refused."""
MAX_DEVICES = 5_000
"""Of an edge node."""


class Told(NamedTuple):
    """A message to be decoded."""

    kind: str
    device: str
    """Empty: the edge node itself."""
    payload: bytes


class EdgeNode:
    """One edge node, as far as the hub has heard of it."""

    def __init__(self) -> None:
        self.born = False
        """Whether a birth is known."""
        self._bd_seq: int | None = None
        self._next: int | None = None
        """The sequence number that comes next."""
        self._aliases: dict[int, tuple[bytes, int]] = {}
        """Name and data type."""
        self._types: dict[bytes, int] = {}
        """Data types by name."""
        self._devices: dict[str, bool] = {}
        """Whether each is there."""
        self.gaps = 0
        """How often sequence numbers were missing."""

    def take(self, kind: str, device: str, message: bytes) -> tuple[list[Told], bool]:
        """What is to be decoded of a message, and whether its births are to be asked for.

        A message that cannot be read is given back as it is: its fault is told where it is decoded.
        """
        try:
            payload = read(message)
            if kind == NDEATH:
                return self._died(message, payload), False
            in_order = self._count(kind, payload)
            if kind == NBIRTH:
                self._begin(message, payload)
            if kind in (NBIRTH, DBIRTH):
                self._declare(message, payload)
            if kind == DBIRTH and len(self._devices) < MAX_DEVICES:
                self._devices[device] = True
            elif kind == DDEATH:
                self._devices[device] = False
            whole, known = self._named(message, payload)
        except DecodeError:
            return [Told(kind, device, message)], False
        return [Told(kind, device, whole)], not (self.born and in_order and known)

    def _count(self, kind: str, payload: Payload) -> bool:
        """Follow the sequence; whether nothing is missing. A birth of the node may have any number."""
        seq, wanted = payload.seq, self._next
        if seq is None:
            return True
        self._next = (seq + 1) % 256
        if kind == NBIRTH or wanted is None or seq == wanted:
            return True
        self.gaps += 1
        return False

    def _begin(self, message: bytes, payload: Payload) -> None:
        self._aliases, self._types = {}, {}
        self._bd_seq, self.born = _bd_seq(message, payload), True

    def _declare(self, message: bytes, payload: Payload) -> None:
        for field in payload.metrics:
            metric = metric_of(message, field)
            if NAME not in metric or len(self._types) >= MAX_METRICS:
                continue
            begin, end = span(metric[NAME], "name")
            name, datatype = message[begin:end], told(metric, DATATYPE)
            if datatype:
                self._types[name] = datatype
            if ALIAS in metric:
                self._aliases[told(metric, ALIAS)] = name, datatype

    def _named(self, message: bytes, payload: Payload) -> tuple[bytes, bool]:
        """The message with a name and a type for each of its metrics, and whether all are known."""
        parts, at, known = [], 0, True
        for field in payload.metrics:
            missing = self._missing(message, metric_of(message, field))
            if missing is None:
                known = False
            elif missing:
                _, _, begin, end, place = field
                parts += [message[at:place], block(METRICS, missing + message[begin:end])]
                at = end
        if not parts:
            return message, known
        return b"".join([*parts, message[at:]]), known

    def _missing(self, message: bytes, metric: Metric) -> bytes | None:
        """The fields that a metric lacks; None where nobody has declared it."""
        found = b""
        if NAME in metric:
            if DATATYPE in metric:
                return found
            begin, end = span(metric[NAME], "name")
            datatype = self._types.get(message[begin:end], 0)
        else:
            declared = self._aliases.get(told(metric, ALIAS))
            if declared is None:
                return None
            name, datatype = declared
            found = block(NAME, name)
        if DATATYPE in metric:
            return found
        if datatype:
            return found + key(DATATYPE, 0) + varint(datatype)
        return None if INT in metric or LONG in metric else found

    def _died(self, message: bytes, payload: Payload) -> list[Told]:
        """The death of the node and of its devices; nothing where it is that of a session before."""
        bd_seq = _bd_seq(message, payload)
        if self.born and bd_seq is not None and self._bd_seq is not None and bd_seq != self._bd_seq:
            return []
        there = [device for device, is_there in self._devices.items() if is_there]
        self.born, self._next, self._aliases, self._types, self._devices = False, None, {}, {}, {}
        return [Told(NDEATH, "", message), *(Told(DDEATH, device, b"") for device in there)]


def _bd_seq(message: bytes, payload: Payload) -> int | None:
    for field in payload.metrics:
        metric = metric_of(message, field)
        if name_of(message, metric) == BD_SEQ:
            return told(metric, LONG, told(metric, INT))
    return None
