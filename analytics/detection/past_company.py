"""What the neighbours of a series showed in the past, where a rule in force watches what they do not share."""

from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection

from analytics.detection.neighbours import MOST, NONE, WITHIN_M
from analytics.detection.stored import SKIP
from analytics.detection.watched import offset_of
from analytics.detectors.beside import Company
from analytics.detectors.detector import Floats, Ints
from analytics.detectors.hours import hours
from devices.codecs.local_time import zone_of
from devices.places.nearest import Places, nearest
from hub.expectation import Shared
from hub.store.binary_copy import EPOCH_2000
from hub.store.statements import statements

SQL = statements(__name__)

MOST_READINGS = 1_000_000
"""Of all neighbours together, the newest: 20 MB, and a second of a processor."""
_READING = np.dtype([("series", ">i4"), ("ts", ">i8"), ("value", ">f8")])


class PastCompany(NamedTuple):
    """Neighbours, and what they sent, as far as the caller may see them."""

    zones: list[str]
    """Of each neighbour."""
    of: NDArray[np.int32]
    """Of each reading the place of the neighbour, from 1 on."""
    ts: Ints
    value: Floats

    def shared(
        self, ts: Ints, value: Floats, zone: str, swapped: Ints, until: datetime, told: NDArray[np.bool_]
    ) -> Shared:
        """What they say of readings (n,) of the series, by time, all of which are learned; those of `told` are told."""
        near = np.full((1 + len(self.zones), MOST), NONE, np.int32)
        near[0, : len(self.zones)] = 1 + np.arange(len(self.zones))
        series = np.append(np.zeros(len(ts), np.int32), self.of)
        every, values = np.append(ts, self.ts), np.append(value, self.value)
        order = np.argsort(every, kind="stable")
        series, every, values = series[order], every[order], values[order]
        offsets = np.array([offset_of(zone_of(name), until) for name in (zone, *self.zones)], np.int64)
        said = Company(near).tell(series, every, values, hours(every + offsets[series], 0, swapped))
        mine = np.flatnonzero(series == 0)[told]
        expected, far = said.expected[mine], said.far[mine]
        return Shared(len(self.zones), expected, expected - far, expected + far, said.unshared[mine])


async def read_company(conn: AsyncConnection, series: int, since: datetime, until: datetime) -> PastCompany | None:
    """None where no rule in force watches what neighbours of the series do not share."""
    async with conn.cursor(binary=True) as cursor:
        rows = await (await cursor.execute(SQL.near, {"series": series})).fetchall()
        if not rows:
            return None
        ids, devices, lon, lat, zones = zip(*rows, strict=True)
        places = Places(np.array(devices, np.int64), np.array(lon, np.float64), np.array(lat, np.float64))
        one = slice(ids.index(series), ids.index(series) + 1)
        _, members = nearest(Places(places.id[one], places.lon[one], places.lat[one]), places, WITHIN_M, MOST)
        near = [ids[place] for place in members.tolist()]
        asked = {"series": near, "since": since, "until": until, "skip": SKIP, "most": MOST_READINGS}
        row = await (await cursor.execute(SQL.readings, asked)).fetchone()
    packed = np.frombuffer((row and row[0]) or b"", _READING)
    place = {id_: at for at, id_ in enumerate(near, 1)}
    of = np.array([place[id_] for id_ in packed["series"].tolist()], np.int32)
    ts, value = packed["ts"].astype(np.int64) + EPOCH_2000, packed["value"].astype(np.float64)
    finite = np.isfinite(value)
    return PastCompany([zones[place] for place in members.tolist()], of[finite], ts[finite], value[finite])
