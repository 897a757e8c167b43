"""How far the patrol of the hub itself is, for people."""

from typing import Any

from rich.text import Text

from app.cli.client import out
from hub.words import Lang, text


def tell_status(found: dict[str, Any], lang: Lang) -> None:
    """Print what `GET /camera-patrol` has answered."""
    if not found["cameras"]:
        out.print(text("video.patrol.none", lang))
        return
    seen = {"visited": found["visited"], "cameras": found["cameras"], "state": _round(found, lang)}
    out.print(Text(text("video.patrol.visited", lang, **seen)), soft_wrap=True)
    counts = {name: found[name] for name in ("fine", "faults", "failed")}
    out.print(text("video.patrol.counts", lang, **counts))
    whys = [text(f"video.patrol.why.{why}", lang, count=count) for why, count in sorted(found["not_visited"].items())]
    if whys:
        out.print(Text(text("video.patrol.not_visited", lang, whys=_listed(whys, lang))), soft_wrap=True)
    for outage in found["outages"]:
        together = text("video.patrol.outage", lang, cameras=outage["cameras"], place=outage["place"])
        out.print(Text(together, "red"), soft_wrap=True)
    times = [text("video.patrol.every", lang, seconds=f"{found['every_s']:g}")]
    if found["last_s"] is not None:
        last = {"seconds": f"{found['last_s']:.0f}", "cameras": found["last_cameras"]}
        times.insert(0, text("video.patrol.last", lang, **last))
    out.print(("；" if lang == "zh" else "; ").join(times))


def _round(found: dict[str, Any], lang: Lang) -> str:
    if (since := found["began_at"]) is None:
        return text("video.patrol.no_round", lang)
    if found["ended_at"]:
        return text("video.patrol.over", lang, since=since[:19])
    return text("video.patrol.going_on", lang, since=since[:19])


def _listed(items: list[str], lang: Lang) -> str:
    return ("，" if lang == "zh" else ", ").join(items)
