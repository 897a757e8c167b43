"""The plot of what was expected: a mark for each reading that was unusual, and times with their zone."""

from datetime import timedelta, timezone
from typing import Any
from xml.etree import ElementTree

from app.cli.band_plot import band_plot

TIMES = ("2026-11-09T00:00:00Z", "2026-11-09T01:00:00Z", "2026-11-09T02:00:00Z")
SCORES = (1.0, 0.2, 0.995)


def test_each_unusual_reading_has_its_mark_and_times_are_told_in_the_zone() -> None:
    items: list[dict[str, Any]] = [
        {"ts": ts, "value": 20.0 + 10 * number, "expected": 20.0, "low": 15.0, "high": 25.0, "score": score}
        for number, (ts, score) in enumerate(zip(TIMES, SCORES, strict=True))
    ]
    drawn = ElementTree.fromstring(band_plot("a < b", "cm", items, timezone(timedelta(hours=8))))  # noqa: S314 our own
    circles = [each for each in drawn if each.tag.endswith("circle")]
    assert len(circles) == 2
    assert float(circles[0].attrib["cy"]) > float(circles[1].attrib["cy"]), "20 is drawn below 40"
    texts = [each.text for each in drawn if each.tag.endswith("text")]
    assert "2026-11-09 08:00+08:00" in texts
    assert "2026-11-09 10:00+08:00" in texts
