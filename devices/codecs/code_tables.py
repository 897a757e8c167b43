"""The code tables that are shipped, by protocol."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from devices.codecs.code_table import told

TABLES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "gb26875": partial(told, "devices.codecs.gb26875"),
    "gb28181": partial(told, "devices.codecs.gb28181"),
    "hj212": partial(told, "devices.codecs.hj212"),
    "isapi": partial(told, "devices.codecs.isapi"),
    "onvif": partial(told, "devices.codecs.onvif"),
    "sl651": partial(told, "devices.codecs.sl651"),
    "video": partial(told, "devices.codecs.video"),
    "szy206": partial(told, "devices.codecs", "szy206.json"),
}
"""Their data, as it is in the files."""
