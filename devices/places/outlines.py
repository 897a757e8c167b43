"""Outlines of divisions in GeoJSON. Pure; WGS 84, degrees."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, NamedTuple

import msgspec

from hub.errors import HubError

MOST_POINTS = 2_000_000
"""Of one file."""
_DIGITS = (2, 4, 6, 9, 12)


class OutlineError(HubError):
    """The outlines cannot be read"""


class Edge(NamedTuple):
    """An edge of an outline."""

    key: str
    """Significant digits of the division."""
    lon1: float
    lat1: float
    lon2: float
    lat2: float


Point = Annotated[list[float], msgspec.Meta(min_length=2, max_length=3)]
Ring = Annotated[list[Point], msgspec.Meta(min_length=4)]


class Polygon(msgspec.Struct, tag_field="type", tag="Polygon"):
    coordinates: list[Ring]


class MultiPolygon(msgspec.Struct, tag_field="type", tag="MultiPolygon"):
    coordinates: list[list[Ring]]


class Named(msgspec.Struct):
    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2,12}$")]


class Feature(msgspec.Struct):
    properties: Named
    geometry: Polygon | MultiPolygon


class Features(msgspec.Struct):
    features: list[Feature]


def edges(text: bytes) -> list[Edge]:
    """The edges of a FeatureCollection whose features have `code`, a division code, and a polygon; OutlineError."""
    try:
        found = msgspec.json.decode(text, type=Features)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise OutlineError(str(error)) from error
    made = [edge for number, each in enumerate(found.features) for edge in _edges(number, each)]
    if len(made) > MOST_POINTS:
        raise OutlineError(f"it has {len(made)} points, and {MOST_POINTS} are taken at most: simplify the outlines")
    return made


def _edges(number: int, feature: Feature) -> Iterator[Edge]:
    code, shape, at = feature.properties.code, feature.geometry, f"$.features[{number}]"
    key = next((code[:n] for n in _DIGITS if len(code) >= n and not code[n:].strip("0")), code)
    if len(key) not in _DIGITS:
        raise OutlineError(f"{at}: '{code}' is no division: give the first 2, 4, 6, 9 or all 12 digits of a code")
    for rings in [shape.coordinates] if isinstance(shape, Polygon) else shape.coordinates:
        for ring in rings:
            if ring[0][:2] != ring[-1][:2]:
                raise OutlineError(f"{at}: a ring must end where it begins")
            if not all(abs(point[0]) <= 180 and abs(point[1]) <= 90 for point in ring):
                raise OutlineError(f"{at}: give degrees, longitude first")
            for (lon1, lat1, *_), (lon2, lat2, *_) in pairwise(ring):
                yield Edge(key, lon1, lat1, lon2, lat2)
