"""The outlines of a warning as polygons of PostgreSQL."""

from math import cos, pi, radians, sin

from hub.warnings.message import Circle, Message

_CORNERS = 36
_KM_PER_DEGREE = 111.195
_MOST_LAT = 89.0


def rings_of(message: Message) -> list[str]:
    """Polygons as text, of (lon, lat); a circle has 36 corners, none of which is inside of it."""
    rings = [*message.polygons, *(_ring(circle) for circle in message.circles if circle.km > 0)]
    return ["(" + ",".join(f"({lon!r},{lat!r})" for lon, lat in ring) + ")" for ring in rings]


def _ring(circle: Circle) -> tuple[tuple[float, float], ...]:
    degrees = circle.km / _KM_PER_DEGREE / cos(pi / _CORNERS)
    wide = degrees / cos(radians(min(abs(circle.lat), _MOST_LAT)))
    turns = [2 * pi * corner / _CORNERS for corner in range(_CORNERS)]
    return tuple((circle.lon + wide * cos(turn), circle.lat + degrees * sin(turn)) for turn in turns)
