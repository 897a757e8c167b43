"""Plausibility of positions: inside China and near their division. Pure; degrees, WGS-84."""

from typing import Literal, NamedTuple

Box = tuple[float, float, float, float]
"""West, east, south, north."""

CHINA: Box = (73.4, 135.2, 3.4, 53.7)
"""With its seas; what lies outside cannot be in any division."""
MARGIN = 0.3
"""Degrees that a position may lie outside its province's box, which are drawn along the borders by hand."""

PROVINCES: dict[str, Box] = {
    "11": (115.4, 117.6, 39.4, 41.1),
    "12": (116.7, 118.2, 38.5, 40.3),
    "13": (113.4, 119.9, 36.0, 42.7),
    "14": (110.2, 114.6, 34.5, 40.8),
    "15": (97.1, 126.1, 37.4, 53.4),
    "21": (118.8, 125.8, 38.7, 43.5),
    "22": (121.6, 131.4, 40.8, 46.4),
    "23": (121.1, 135.2, 43.4, 53.7),
    "31": (120.8, 122.3, 30.6, 31.9),
    "32": (116.3, 122.0, 30.7, 35.2),
    "33": (118.0, 123.2, 27.0, 31.2),
    "34": (114.8, 119.7, 29.4, 34.7),
    "35": (115.8, 120.8, 23.5, 28.4),
    "36": (113.5, 118.5, 24.4, 30.1),
    "37": (114.7, 122.8, 34.3, 38.5),
    "41": (110.3, 116.7, 31.3, 36.4),
    "42": (108.3, 116.2, 29.0, 33.3),
    "43": (108.7, 114.3, 24.6, 30.2),
    "44": (109.6, 117.4, 20.1, 25.6),
    "45": (104.4, 112.1, 20.8, 26.4),
    "46": (108.3, 118.0, 3.4, 20.3),
    "50": (105.2, 110.3, 28.1, 32.3),
    "51": (97.3, 108.6, 26.0, 34.4),
    "52": (103.5, 109.6, 24.6, 29.3),
    "53": (97.5, 106.2, 21.1, 29.3),
    "54": (78.3, 99.2, 26.8, 36.6),
    "61": (105.4, 111.3, 31.7, 39.6),
    "62": (92.2, 108.8, 32.5, 42.9),
    "63": (89.4, 103.1, 31.6, 39.3),
    "64": (104.2, 107.7, 35.2, 39.4),
    "65": (73.4, 96.4, 34.3, 49.2),
    "71": (116.0, 125.0, 20.5, 26.5),
    "81": (113.8, 114.6, 22.1, 22.6),
    "82": (113.5, 113.7, 22.0, 22.3),
}
"""By the first two digits of the division code (GB/T 2260): the land, its islands, and a little more."""


class Doubt(NamedTuple):
    """Why a position is rejected ("error") or questionable ("warning"), and what would be right."""

    grade: Literal["error", "warning"]
    wrong: str
    right: str


def doubt(lon: float, lat: float, region: str | None) -> Doubt | None:
    """Check a device's position against its division; None when it is plausible."""
    swapped = f"write lon {_short(lat)}, lat {_short(lon)}: they are the wrong way round here"
    if lon == 0 and lat == 0:
        return Doubt("error" if region else "warning", "0, 0 is in the Atlantic", "leave both empty while unknown")
    if not _inside(lon, lat, CHINA, 0):
        grade: Literal["error", "warning"] = "error" if region else "warning"
        if _inside(lat, lon, CHINA, 0):
            return Doubt(grade, f"lon {_short(lon)}, lat {_short(lat)} is not in China", swapped)
        if region is None:
            return None
        right = f"correct the position, or the division {region}; a device elsewhere has none"
        return Doubt("error", f"lon {_short(lon)}, lat {_short(lat)} is not in China", right)
    box = PROVINCES.get(region[:2]) if region else None
    if box is None or _inside(lon, lat, box, MARGIN):
        return None
    west, east, south, north = box
    wrong = f"lon {_short(lon)}, lat {_short(lat)} is far from the division {region}"
    if _inside(lat, lon, box, MARGIN):
        return Doubt("error", wrong, swapped)
    right = f"its province lies between lon {west:g} and {east:g}, lat {south:g} and {north:g}; correct one of the two"
    return Doubt("warning", wrong, right)


def degrees_of(lon: float, lat: float) -> Doubt | None:
    """Check that numbers are a valid longitude and latitude; None when they are."""
    if abs(lon) <= 180 and abs(lat) <= 90:
        return None
    if abs(lat) <= 180 and abs(lon) <= 90:
        right = f"write lon {_short(lat)}, lat {_short(lon)}: they are the wrong way round here"
        return Doubt("error", f"a latitude of {_short(lat)} does not exist", right)
    right = "degrees with decimals: lon between -180 and 180, lat between -90 and 90"
    return Doubt("error", f"lon {_short(lon)}, lat {_short(lat)} is nowhere on Earth", right)


def _inside(lon: float, lat: float, box: Box, margin: float) -> bool:
    west, east, south, north = box
    return west - margin <= lon <= east + margin and south - margin <= lat <= north + margin


def _short(degrees: float) -> str:
    return f"{degrees:.6f}".rstrip("0").rstrip(".")
