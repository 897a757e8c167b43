"""The directory of a platform or recorder: its channels, as pages of a response or as news in a NOTIFY. Pure.

Of an item is read what the registry keeps: not its password, its owner, its IP address or whatever else stands there.
"""

from math import isfinite
from typing import NamedTuple
from xml.sax.saxutils import escape

from devices.codecs.gb28181.document import Element
from devices.codecs.gb28181.ids import is_id
from devices.codecs.gb28181.manscdp import Body
from devices.personal_values import masked
from devices.picture_signs import writes_picture

MAX_ITEMS = 2_000
"""Channels of one message; a page has 1 to 100."""
MAX_NAME = 128
ONLINE, OFFLINE = frozenset({"ON", "OK", "ONLINE"}), frozenset({"OFF", "OFFLINE", "NOTONLINE"})
EVENTS = frozenset({"ON", "OFF", "VLOST", "DEFECT", "ADD", "DEL", "UPDATE"})


class Channel(NamedTuple):
    """An item of a directory."""

    id: str
    """20 digits."""
    name: str = ""
    parent: str = ""
    manufacturer: str = ""
    model: str = ""
    status: str = ""
    """ON or OFF; empty where it tells neither."""
    event: str = ""
    """What is new of it, in a NOTIFY: one of EVENTS; empty in a response."""
    lon: float | None = None
    """Degrees, both or none; as the device tells them."""
    lat: float | None = None


class Page(NamedTuple):
    """Some of the channels of a directory."""

    number: str
    """SN of the query."""
    total: int | None
    """SumNum: how many there are in all pages; None where it tells none."""
    channels: list[Channel]
    others: int
    """Items that are no channels: divisions, groups, or without an id."""


def page_of(body: Body) -> Page:
    """The channels of a Catalog; what is beyond MAX_ITEMS is left out."""
    total = body.root.told("SumNum")
    items = [item for each in body.root.all("DeviceList") for item in each.all("Item")][:MAX_ITEMS]
    channels = [channel for item in items if (channel := _channel(item)) is not None]
    number = int(total) if total.isascii() and total.isdigit() and len(total) < 9 else None
    return Page(body.number, number, channels, len(items) - len(channels))


def _channel(item: Element) -> Channel | None:
    id_ = item.told("DeviceID")
    if not is_id(id_):
        return None
    name, manufacturer, model, parent = (
        one_line(item.told(name)) for name in ("Name", "Manufacturer", "Model", "ParentID")
    )
    status, event = item.told("Status").upper(), item.told("Event").upper()
    place = degrees(item.told("Longitude"), 180), degrees(item.told("Latitude"), 90)
    lon, lat = place if None not in place and place != (0, 0) else (None, None)
    told = "ON" if status in ONLINE else "OFF" if status in OFFLINE else ""
    return Channel(
        id_, name, parent.rpartition("/")[2], manufacturer, model, told, event if event in EVENTS else "", lon, lat
    )


def one_line(text: str) -> str:
    """In one line, without what identifies a person; nothing where it is a picture."""
    return "" if writes_picture(text) else masked(" ".join(text.split())[:MAX_NAME])[0]


def degrees(text: str, most: int) -> float | None:
    """A longitude or latitude as told; None where it is none."""
    try:
        value = float(text[:32])
    except ValueError:
        return None
    return value if isfinite(value) and abs(value) <= most else None


def state_of(channel: Channel, number: str) -> bytes:
    """The state of one channel as a body of its own, for each is a device of its own: nothing else of the item."""
    told = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in
                   (("Status", channel.status), ("Event", channel.event)) if text)  # fmt: skip
    item = f"<Item><DeviceID>{channel.id}</DeviceID>{told}</Item>"
    return (
        f"<Notify><CmdType>Catalog</CmdType><SN>{escape(number)}</SN><DeviceID>{channel.id}</DeviceID>"
        f'<DeviceList Num="1">{item}</DeviceList></Notify>'
    ).encode()
