"""What was expected of a series and what came, as an SVG: the band, the readings, and how unusual they were. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from html import escape
from typing import Any

WIDTH, HEIGHT, SCORES, LEFT, TOP, BOTTOM = 960, 420, 70, 64, 48, 34
ALARM = 0.99
_FONT = 'font-family="Noto Sans CJK SC, Noto Sans, PingFang SC, Microsoft YaHei, sans-serif"'


def band_plot(title: str, unit: str, items: Sequence[Mapping[str, Any]], zone: tzinfo) -> str:
    """`items` as GET /api/v1/series/{device}/{metric}/expectation answers, at least one; times are told in `zone`."""
    whens = [datetime.fromisoformat(item["ts"]).astimezone(zone) for item in items]
    known = [value for item in items for name in ("value", "low", "high") if (value := item[name]) is not None]
    low, high, length = min(known), max(known), max(1.0, (whens[-1] - whens[0]).total_seconds())
    floor = HEIGHT - BOTTOM - SCORES

    def x(when: datetime) -> str:
        return f"{LEFT + (WIDTH - LEFT - 16) * (when - whens[0]).total_seconds() / length:.1f}"

    def y(value: float) -> str:
        return f"{floor - 8 - (floor - TOP - 8) * (value - low) / ((high - low) or 1.0):.1f}"

    rows = list(zip(map(x, whens), items, strict=True))
    banded = [(at, item) for at, item in rows if item["low"] is not None and item["high"] is not None]
    edge = [f"{at},{y(item['high'])}" for at, item in banded] + [f"{at},{y(item['low'])}" for at, item in banded[::-1]]
    usual = [f"{at},{y(item['expected'])}" for at, item in rows if item["expected"] is not None]
    came = [f"{at},{y(item['value'])}" for at, item in rows]
    parts = [
        f'<text x="16" y="28" font-size="17" font-weight="600">{escape(title)}</text>',
        *(_label(LEFT - 6, y(value), f"{value:.6g}", "end") for value in (low, high)),
        _label(16, str(TOP - 4), escape(unit), "start"),
        f'<polygon points="{" ".join(edge)}" fill="#2e6fd8" opacity=".18"/>',
        f'<polyline points="{" ".join(usual)}" fill="none" stroke="#2e6fd8" stroke-dasharray="4 3"/>',
        f'<polyline points="{" ".join(came)}" fill="none" stroke="#222"/>',
        _label(LEFT - 6, str(floor + 14), "score", "end"),
    ]
    for at, item in rows:
        score = item["score"] or 0.0
        colour = "#d1242f" if score >= ALARM else "#888"
        tall = (SCORES - 8) * score
        parts.append(
            f'<rect x="{at}" y="{HEIGHT - BOTTOM - tall:.1f}" width="1.4" height="{tall:.1f}" fill="{colour}"/>'
        )
        if score >= ALARM:
            parts.append(f'<circle cx="{at}" cy="{y(item["value"])}" r="4" fill="none" stroke="{colour}"/>')
    for when in (whens[0], whens[-1]):
        anchor = "start" if when is whens[0] else "end"
        parts.append(_label(float(x(when)), str(HEIGHT - 12), when.isoformat(" ", "minutes"), anchor))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {_FONT}>\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _label(x: float, y: str, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" font-size="11" text-anchor="{anchor}" fill="#555">{text}</text>'
