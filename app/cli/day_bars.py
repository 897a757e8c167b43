"""Alerts of each day as stacked bars, an SVG. Pure."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

COLOURS = {"blue": "#2e6fd8", "yellow": "#e3b505", "orange": "#e8730c", "red": "#d1242f"}
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 960, 320, 48, 64, 40
_FONT = 'font-family="Noto Sans CJK SC, Noto Sans, PingFang SC, Microsoft YaHei, sans-serif"'


def day_bars(title: str, told: str, days: Sequence[Mapping[str, Any]]) -> str:
    """`days` as POST /api/v1/rules:try answers; what is of the night is ringed."""
    most = max((day["alerts"] for day in days), default=0) or 1
    step = (WIDTH - LEFT - 16) / max(1, len(days))
    unit = (HEIGHT - TOP - BOTTOM) / most
    floor = HEIGHT - BOTTOM
    parts = [
        f'<text x="16" y="26" font-size="17" font-weight="600">{escape(title)}</text>',
        f'<text x="16" y="48" font-size="13" fill="#555">{escape(told)}</text>',
        f'<text x="{LEFT - 8}" y="{TOP + 5}" font-size="11" text-anchor="end" fill="#555">{most}</text>',
        f'<line x1="{LEFT}" y1="{floor}" x2="{WIDTH - 16}" y2="{floor}" stroke="#999"/>',
    ]
    shown = max(1, len(days) // 10)
    for number, day in enumerate(days):
        x, y = LEFT + number * step, float(floor)
        for name, colour in COLOURS.items():
            high = day["by_level"][name] * unit
            y -= high
            if high:
                parts.append(_box(x, y, step, high, f'fill="{colour}"'))
        if day["night"]:
            high = day["night"] * unit
            parts.append(_box(x, floor - high, step, high, 'fill="none" stroke="#111" stroke-dasharray="3 2"'))
        if number % shown == 0:
            parts.append(
                f'<text x="{x + step / 2:.1f}" y="{floor + 16}" font-size="11" text-anchor="middle" fill="#555">'
                f"{escape(str(day['day'])[5:])}</text>"
            )
    for number, (name, colour) in enumerate(COLOURS.items()):
        x = LEFT + number * 90
        parts.append(f'<rect x="{x}" y="{HEIGHT - 14}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{x + 15}" y="{HEIGHT - 5}" font-size="11" fill="#555">{name}</text>')
    x = LEFT + len(COLOURS) * 90
    parts.append(
        f'<rect x="{x}" y="{HEIGHT - 14}" width="10" height="10" fill="none" stroke="#111" stroke-dasharray="3 2"/>'
        f'<text x="{x + 15}" y="{HEIGHT - 5}" font-size="11" fill="#555">at night</text>'
    )
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {_FONT}>\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _box(x: float, y: float, step: float, high: float, style: str) -> str:
    return f'<rect x="{x + step * 0.15:.1f}" y="{y:.1f}" width="{step * 0.7:.1f}" height="{high:.1f}" {style}/>'
