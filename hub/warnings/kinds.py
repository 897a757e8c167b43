"""Kinds of warnings: one vocabulary for the names and codes of all sources."""

from collections.abc import Iterable, Mapping

NAMES: Mapping[str, tuple[str, ...]] = {
    "typhoon": ("台风", "typhoon", "tropical cyclone"),
    "tornado": ("龙卷", "tornado"),
    "rainstorm": ("暴雨", "强降雨", "强降水", "rainstorm", "heavy rain"),
    "snowstorm": ("暴雪", "大雪", "snowstorm", "blizzard"),
    "cold_wave": ("寒潮", "强降温", "低温", "cold wave"),
    "gale": ("大风", "gale", "strong wind"),
    "sandstorm": ("沙尘", "sandstorm", "dust storm"),
    "heat": ("高温", "热浪", "heat wave", "high temperature"),
    "dry_hot_wind": ("干热风",),
    "lightning": ("雷电", "lightning"),
    "hail": ("冰雹", "hail"),
    "frost": ("霜冻", "frost"),
    "fog": ("大雾", "浓雾", "fog"),
    "haze": ("霾", "haze"),
    "thunderstorm_gale": ("雷雨大风", "雷暴大风", "强对流", "thunderstorm gale", "severe convection"),
    "icy_road": ("道路结冰", "冰冻", "icy road", "road icing"),
    "drought": ("干旱", "drought"),
    "forest_fire": ("森林火险", "森林火灾", "草原火险", "forest fire", "wildfire"),
    "air_pollution": ("重污染", "空气污染", "air pollution"),
    "geological": ("地质灾害", "山体滑坡", "泥石流", "landslide", "debris flow"),
    "flash_flood": ("山洪", "flash flood"),
    "flood": ("洪水", "江河", "渍涝", "内涝", "flood"),
    "storm_surge": ("风暴潮", "storm surge"),
    "waves": ("海浪", "sea waves"),
    "tsunami": ("海啸", "tsunami"),
    "earthquake": ("地震", "earthquake"),
}
"""By what a source's name, or headline, holds: the longest counts, for 雷雨大风 holds 大风."""
OTHER = "other"
KINDS = (*NAMES, OTHER)

_NUMBERS: Mapping[str, str] = {
    "01": "typhoon", "02": "tornado", "03": "rainstorm", "04": "snowstorm", "05": "cold_wave", "06": "gale",
    "07": "sandstorm", "09": "heat", "10": "heat", "11": "dry_hot_wind", "14": "lightning", "15": "hail",
    "16": "frost", "17": "fog", "19": "haze", "20": "thunderstorm_gale", "21": "icy_road", "22": "drought",
}  # fmt: skip
_PREFIXES = ("11B", "10")
"""Of the national platform (11B03) and of QWeather (1003): both number weather alike."""
_BY_LENGTH = sorted(((name, kind) for kind, names in NAMES.items() for name in names), key=lambda each: -len(each[0]))


def kind_of(code: str, names: Iterable[str]) -> str:
    """The kind by the first of some names that holds one, for words beat numbers; else by the code; else `other`."""
    for stated in names:
        lowered = stated.lower()
        for name, kind in _BY_LENGTH:
            if name in lowered:
                return kind
    for prefix in _PREFIXES:
        if code.upper().startswith(prefix) and len(code) == len(prefix) + 2:
            return _NUMBERS.get(code[len(prefix) :], OTHER)
    return OTHER
