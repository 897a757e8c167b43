"""What somebody means by a name that is none here: people who label clips have words of their own."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import cache

from hub.words import below

NAMES: Mapping[str, str] = {
    **dict.fromkeys(("fire", "fires", "flames", "burning", "火", "火焰", "明火", "火灾"), "flame"),
    **dict.fromkeys(("smoking", "fume", "plume", "烟", "烟雾"), "smoke"),
    **dict.fromkeys(("flooding", "water", "water_on_ground", "waterlogging", "leak", "积水", "水浸", "淹水"), "flood"),
    **dict.fromkeys(("intruder", "trespass", "trespassing", "motion", "pedestrian", "入侵", "闯入"), "intrusion"),
    **dict.fromkeys(("stopped_vehicle", "person", "loitering", "区域入侵"), "intrusion"),
    **dict.fromkeys(("abandoned", "abandoned_object", "abandoned_bag", "left_object", "left_luggage"), "object_left"),
    **dict.fromkeys(("unattended_object", "unattended_bag", "litter", "bag", "遗留物", "物品遗留"), "object_left"),
    **dict.fromkeys(("removed_object", "theft", "stolen", "missing_object", "物品搬移", "物品丢失"), "object_removed"),
    **dict.fromkeys(("crowding", "gathering", "people", "人群", "人群聚集", "聚集"), "crowd"),
    **dict.fromkeys(("tripwire", "crossing", "line_cross", "越线", "越界", "绊线"), "line_crossing"),
    **dict.fromkeys(("water_level", "gauge", "水位"), "level"),
    **dict.fromkeys(("covered", "occluded", "tamper", "tampering", "blocked", "遮挡"), "occlusion"),
    **dict.fromkeys(("defocus", "defocused", "out_of_focus", "blurred", "模糊", "虚焦"), "blur"),
    **dict.fromkeys(("camera_moved", "scene_change", "displaced", "shifted", "偏移", "移位"), "moved"),
    **dict.fromkeys(("frozen", "freeze_frame", "冻结"), "freeze"),
    **dict.fromkeys(("video_loss", "no_signal", "signal_lost", "信号丢失"), "signal_loss"),
    **dict.fromkeys(("dark", "too_dark", "underexposed", "过暗"), "under_exposure"),
    **dict.fromkeys(("bright", "too_bright", "overexposed", "glare", "过亮"), "over_exposure"),
    **dict.fromkeys(("cast", "color_cast", "偏色"), "colour_cast"),
    **dict.fromkeys(("noisy", "snow", "噪声", "雪花"), "noise"),
    **dict.fromkeys(("stripe", "roll", "banding", "条纹"), "stripes"),
    # members
    **dict.fromkeys(("label", "type", "event", "class", "category", "name"), "kind"),
    **dict.fromkeys(("start", "from", "onset", "t0", "t_start", "start_s", "begin_s", "start_time", "time"), "begin"),
    **dict.fromkeys(("stop", "to", "until", "t1", "t_end", "end_s", "end_time", "finish"), "end"),
    **dict.fromkeys(("labels", "annotations", "ground_truth"), "events"),
    **dict.fromkeys(("camera", "config", "zones", "lines"), "settings"),
    **dict.fromkeys(("roi", "area", "region"), "zone"),
    **dict.fromkeys(("points", "coordinates", "corners"), "polygon"),
}  # fmt: skip


def meant(name: str, known: Collection[str]) -> str | None:
    """The one of some names that another one stands for, or is nearly written like."""
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    if plain in known:
        return plain
    if (other := _names().get(plain)) in known:
        return other
    near = get_close_matches(plain, known, 1, 0.75)
    return near[0] if near else None


@cache
def _names() -> Mapping[str, str]:
    """With the names that the hub itself tells them by in Chinese."""
    told = below("video.kind.")["zh"]
    return {name: key.removeprefix("video.kind.") for key, name in told.items()} | dict(NAMES)


def unknown(name: str, known: Collection[str], what: str) -> str:
    """That a name is none, and the one that may be meant, or all that there are."""
    near = meant(name, known)
    return f"{name!r} is not {what}; " + (f"{near!r} is meant?" if near else f"there are {', '.join(sorted(known))}")
