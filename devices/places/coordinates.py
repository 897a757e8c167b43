"""Coordinate conversion between WGS-84 and the Chinese map systems GCJ-02 and BD-09. Pure.

GCJ-02 shifts positions inside China by 100 to 700 m with a public series of sines on the Krasovsky 1940 ellipsoid;
BD-09 puts Baidu's own small spiral on top. Degrees throughout, longitude first. CGCS2000 and WGS-84 differ by
centimetres and are taken for the same.
"""

from collections.abc import Callable
from math import atan2, cos, hypot, pi, sin, sqrt
from typing import Literal, get_args

Crs = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
CRSES: tuple[Crs, ...] = get_args(Crs)
Position = tuple[float, float]
"""Longitude and latitude."""

_AXIS = 6_378_245.0  # metres; the Krasovsky ellipsoid's larger half axis, and below its first eccentricity squared
_ECCENTRICITY_2 = 0.00669342162296594323
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_SPIRAL = pi * 3000.0 / 180.0
_CLOSE = 1e-9
"""Degrees, about 0.1 mm: where the inverse stops."""
_ROUNDS = 50
"""Of the inverse; inside China 3 to 6 are enough, and at the edge of the transform's box it may never settle."""


def to_wgs84(lon: float, lat: float, crs: Crs) -> Position:
    """Convert a position to WGS-84, rounded to 1e-9 degrees (0.1 mm) if converted."""
    if crs == "gcj02":
        lon, lat = gcj02_to_wgs84(lon, lat)
    elif crs == "bd09":
        lon, lat = gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))
    else:
        return lon, lat
    return round(lon, 9), round(lat, 9)


def shifted(lon: float, lat: float) -> bool:
    """Whether a position lies in the box around China in which GCJ-02 differs from WGS-84."""
    return _WEST <= lon <= _EAST and _SOUTH <= lat <= _NORTH


def wgs84_to_gcj02(lon: float, lat: float) -> Position:
    """WGS-84 to GCJ-02; outside of the box unchanged."""
    if not shifted(lon, lat):
        return lon, lat
    x, y = lon - 105.0, lat - 35.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    phi = lat / 180.0 * pi
    curve = 1.0 - _ECCENTRICITY_2 * sin(phi) ** 2
    lon_metres = _AXIS / sqrt(curve) * cos(phi) * pi / 180.0
    lat_metres = _AXIS * (1.0 - _ECCENTRICITY_2) / (curve * sqrt(curve)) * pi / 180.0
    return lon + east / lon_metres, lat + north / lat_metres


def gcj02_to_wgs84(lon: float, lat: float) -> Position:
    """GCJ-02 to WGS-84, exactly: the position that the transform would bring here."""
    return _inverse(wgs84_to_gcj02, lon, lat) if shifted(lon, lat) else (lon, lat)


def gcj02_to_bd09(lon: float, lat: float) -> Position:
    """GCJ-02 to BD-09; outside of the box unchanged."""
    if not shifted(lon, lat):
        return lon, lat
    radius = hypot(lon, lat) + 0.00002 * sin(lat * _SPIRAL)
    angle = atan2(lat, lon) + 0.000003 * cos(lon * _SPIRAL)
    return radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006


def bd09_to_gcj02(lon: float, lat: float) -> Position:
    """BD-09 to GCJ-02, exactly; the formula in common use is off by up to a metre."""
    return _inverse(gcj02_to_bd09, lon, lat) if shifted(lon, lat) else (lon, lat)


def _inverse(forward: Callable[[float, float], Position], lon: float, lat: float) -> Position:
    """Fixed-point iteration: the shift changes by about 1 % of a step, so each round gains two digits."""
    x, y = lon, lat
    for _ in range(_ROUNDS):
        to_x, to_y = forward(x, y)
        x, y = x + lon - to_x, y + lat - to_y
        if abs(lon - to_x) < _CLOSE and abs(lat - to_y) < _CLOSE:
            break
    return x, y
