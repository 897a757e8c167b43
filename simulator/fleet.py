"""The city's devices, their positions and gateways. Deterministic for a seed."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

STREETS = (
    ("330110005000", "五常街道", ("云溪路", "荷塘路", "听涛街"), (119.998, 30.252)),
    ("330110012000", "仓前街道", ("知行路", "星河街", "梧桐路"), (119.985, 30.283)),
    ("330110010000", "良渚街道", ("玉鸟路", "清漪街", "莫角路"), (120.035, 30.352)),
)
"""Real divisions of Yuhang with made-up streets; longitude and latitude of about the middle."""

RIVERS = ("云溪港", "荷花漾", "清漪河", "梧桐港")

MIX = (("air-station", 20), ("river-level", 15), ("manhole-cover", 20), ("smart-pole", 36), ("camera", 9))
"""Per cent of all devices; a smart pole counts with its three children."""

CHILDREN = (("street-lamp", "lamp"), ("environment-sensor", "env"), ("camera", "cam"))


@dataclass(slots=True, frozen=True)
class Thing:
    """A registered device; `parent` is the code of the pole or DTU acting as its gateway."""

    code: str
    name: str
    profile: str
    region: str
    lon: float
    lat: float
    organisation: str
    parent: str = ""
    addresses: str = ""
    """How protocols call it, where not by its code: scheme=address."""

    def topic(self, prefix: str, form: str) -> str:
        """Topic for a payload form (telemetry, senml, event)."""
        gateway = f"{self.parent}/child/" if self.parent else ""
        return f"{prefix}/{gateway}{self.code}/{form}"


def build_fleet(devices: int, seed: int) -> list[Thing]:
    """Build exactly `devices` devices, poles with their children; at least one of each kind from 12 on."""
    rng = Random(f"fleet-{seed}")  # noqa: S311 a made-up city, no secret
    wanted = {profile: max(1, devices * share // 100) for profile, share in MIX}
    wanted["smart-pole"] = max(1, wanted["smart-pole"] // (1 + len(CHILDREN)))
    things: list[Thing] = []
    for profile, number in wanted.items():
        for n in range(1, number + 1):
            things += _pole(n, rng) if profile == "smart-pole" else [_single(profile, n, rng)]
    more = count(wanted["air-station"] + 1)
    while len(things) < devices:
        things.append(_single("air-station", next(more), rng))
    return things[:devices]


def _single(profile: str, n: int, rng: Random) -> Thing:
    region, town, streets, _ = street = rng.choice(STREETS)
    lon, lat = _near(street[3], rng)
    place = f"{town}{rng.choice(streets)}"
    number = rng.randint(1, 199)
    match profile:
        case "air-station":
            code, name, organisation = f"air-{n:03}", f"{place}{number}号空气站", "ecology"
        case "river-level":
            river = rng.choice(RIVERS)
            code, name, organisation = f"river-{n:03}", f"{town}{river}{number}号水位站", "water"
        case "manhole-cover":
            code, name, organisation = f"cover-{n:03}", f"{place}{number}号井盖", "housing"
        case _:
            code, name, organisation = f"cam-{n:03}", f"{place}{number}号路口摄像机", "public-safety"
    return Thing(code, name, profile, region, lon, lat, organisation)


def _pole(n: int, rng: Random) -> Iterator[Thing]:
    region, town, streets, middle = rng.choice(STREETS)
    lon, lat = _near(middle, rng)
    code, name = f"pole-{n:03}", f"{town}{rng.choice(streets)}{n:02}号灯杆"
    yield Thing(code, name, "smart-pole", region, lon, lat, "city-management")
    for profile, short in CHILDREN:
        label = {"lamp": "路灯", "env": "环境传感器", "cam": "摄像机"}[short]
        yield Thing(f"{code}-{short}", f"{name}{label}", profile, region, lon, lat, "city-management", code)


def _near(middle: tuple[float, float], rng: Random) -> tuple[float, float]:
    return round(middle[0] + rng.uniform(-0.015, 0.015), 6), round(middle[1] + rng.uniform(-0.012, 0.012), 6)


def to_csv(things: list[Thing]) -> str:
    """The fleet as CSV for the hub's device import."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = ("code", "name", "profile", "parent", "organisation", "region", "lon", "lat", "addresses")
    writer.writerow(columns)
    for thing in things:
        writer.writerow([getattr(thing, column) for column in columns])
    return text.getvalue()
