"""What a platform tells the one above it: its directory in pages, news of it, and itself. Pure.

Of a channel goes what a map needs: no address on the network, no owner, no password.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from devices.codecs.gb28181.writing import GB2312, Fields, document, elements

MOST_ITEMS = 100
"""Of a page."""
MAX_NAME = 64
VERSIONS: Mapping[str, str] = {"2016": GB2312, "2022": "GB18030"}
"""What bodies are declared to be written in."""


class Shown(NamedTuple):
    """A channel as a superior platform is to see it."""

    id: str
    """20 digits."""
    name: str
    maker: str
    model: str
    owner: str
    """The organisation whose it is."""
    civil: str
    """Its division: 2, 4 or 6 digits."""
    parent: str
    """Of the recorder that it hangs on; empty: it stands in its division."""
    is_parent: bool
    online: bool
    lon: float | None = None
    lat: float | None = None

    @property
    def digest(self) -> str:
        """Of everything but whether it is online."""
        return blake2b(repr(self._replace(online=False)).encode(), digest_size=12).hexdigest()


class Directory(NamedTuple):
    """All that a superior platform is granted."""

    own: str
    """The hub's 20 digits at that platform."""
    divisions: Mapping[str, str]
    """Names of divisions by their 2, 4 or 6 digits."""
    channels: Mapping[str, Shown]

    def items(self, asked: str) -> list[bytes]:
        """The items below what is asked for: the hub itself, a division or one channel; none of what is not there."""
        if asked == self.own:
            return [self._division(code) for code in sorted(self.divisions)] + [
                self.item(each) for each in self.channels.values()
            ]
        if asked in self.channels:
            below = [each for each in self.channels.values() if each.parent == asked]
            return [self.item(each) for each in (self.channels[asked], *below)]
        below = [each for each in self.channels.values() if asked in self.divisions and each.civil.startswith(asked)]
        codes = [code for code in sorted(self.divisions) if asked in self.divisions and code.startswith(asked)]
        return [self._division(code) for code in codes] + [self.item(each) for each in below]

    def item(self, channel: Shown, event: str = "") -> bytes:
        """One channel; in a NOTIFY with what is new of it."""
        place: Fields = {} if channel.lon is None or channel.lat is None else {
            "Longitude": f"{channel.lon:.6f}", "Latitude": f"{channel.lat:.6f}",
        }  # fmt: skip
        return _item(
            {
                "DeviceID": channel.id, **({"Event": event} if event else {}), "Name": _line(channel.name),
                "Manufacturer": _line(channel.maker), "Model": _line(channel.model), "Owner": _line(channel.owner),
                "CivilCode": channel.civil, "Address": _line(self.divisions.get(channel.civil, "")),
                "Parental": int(channel.is_parent), "ParentID": channel.parent or channel.civil or self.own,
                "SafetyWay": 0, "RegisterWay": 1, "Secrecy": 0, "Status": "ON" if channel.online else "OFF", **place,
            }
        )  # fmt: skip

    def _division(self, code: str) -> bytes:
        return _item({"DeviceID": code, "Name": _line(self.divisions[code]), "ParentID": code[:-2] or self.own})


def news_item(channel: str, event: str) -> bytes:
    """ON, OFF or DEL of a channel."""
    return _item({"DeviceID": channel, "Event": event})


def pages(items: Sequence[bytes], room: int) -> Iterator[list[bytes]]:
    """Items in groups of so many bytes, at least one each; one empty page of none."""
    page: list[bytes] = []
    size = 0
    for item in items:
        if page and (size + len(item) > room or len(page) == MOST_ITEMS):
            yield page
            page, size = [], 0
        page.append(item)
        size += len(item)
    yield page


def catalogue(kind: str, number: int | str, device: str, total: int, page: Sequence[bytes], charset: str) -> bytes:
    """One page of a directory (Response), or of what is new (Notify)."""
    head: Fields = {"CmdType": "Catalog", "SN": number, "DeviceID": device, "SumNum": total}
    list_ = f'<DeviceList Num="{len(page)}">\r\n'.encode() + b"".join(page) + b"</DeviceList>\r\n"
    return document(kind, head, list_, charset)


def told(kind: str, command: str, number: int | str, device: str, fields: Fields, charset: str) -> bytes:
    """Any other body."""
    return document(kind, {"CmdType": command, "SN": number, "DeviceID": device, **fields}, b"", charset)


def _item(fields: Fields) -> bytes:
    return b"<Item>\r\n" + elements(fields) + b"</Item>\r\n"


def _line(text: str) -> str:
    """In one line, without what XML does not allow."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:MAX_NAME]
