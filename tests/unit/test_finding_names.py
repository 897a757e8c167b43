"""What the analysis of video finds has a name in each language, the same one wherever it is told."""

import re
from pathlib import Path
from typing import Any

import pytest

from analytics.video.kinds import KINDS
from analytics.video.meant import meant
from devices.codecs.code_table import told
from devices.vocabulary import KINDS as EVENT_KINDS
from devices.vocabulary import kind_of
from hub.alerts.titles import title_in
from hub.words import LANGS, Lang, below, text
from hub.words.findings import finding_name, part_name

DOCS = Path(__file__).parents[2] / "docs"
RULE = {"direction": None, "signal": "value"}


def alert(part: str, kind: str, title: str = "", **more: Any) -> dict[str, Any]:
    return {"device_name": "桥", "event_kind": kind, "target": f"gate/{kind}/{part}", "value": None, "level": "red",
            "cleared_at": None, "title": title or f"桥 · {part}: {kind} (red)", **more}  # fmt: skip


def test_each_kind_has_a_name_in_each_language() -> None:
    for lang in LANGS:
        assert below("video.kind.")[lang].keys() == {f"video.kind.{kind}" for kind in KINDS}
        names = [finding_name(kind, lang) for kind in KINDS]
        assert len({*names}) == len(KINDS), "each its own"
    assert finding_name("volcano", "zh") == "volcano"


def test_the_name_is_that_of_the_table_of_codes_and_is_understood_in_labels() -> None:
    states = told("devices.codecs.video")["states"]
    for kind in KINDS:
        assert states[kind]["name"] == finding_name(kind, "zh")
        assert meant(finding_name(kind, "zh"), KINDS.keys()) == kind


def test_each_kind_of_event_is_read_again_from_its_name() -> None:
    for kind in EVENT_KINDS:
        assert text(f"event.kind.{kind}", "en")
    for kind in {each["kind"] for each in told("devices.codecs.video")["states"].values()}:
        assert kind_of(text(f"event.kind.{kind}", "zh")) == kind


@pytest.mark.parametrize(("page", "lang"), [("VIDEO.md", None), ("VIDEO.zh-CN.md", "zh")])
def test_the_pages_have_each_kind_with_its_name_and_event(page: str, lang: Lang | None) -> None:
    states = told("devices.codecs.video")["states"]
    rows = re.findall(
        r"(?m)^\| `(\w+)` \| ([^|]+) \| `(\w+)`(?:(?:, code |，代码 )`(\w+)`)? \|", (DOCS / page).read_text()
    )
    assert rows == [
        (kind, finding_name(kind, "zh"), states[kind]["kind"], states[kind].get("code", "")) for kind, *_ in rows
    ]
    assert {kind for kind, *_ in rows} == KINDS.keys()


@pytest.mark.parametrize(
    ("part", "kind", "names", "zh", "en"),
    [
        ("picture/flame", "fire", None, "桥 · 明火：火警（红色）", "桥 · flames: fire (red)"),
        ("picture/noise", "video_quality", None, "桥 · 雪花噪声：视频质量异常（红色）", "桥 · noise: poor video (red)"),
        ("picture/smoke", "smoke", None, "桥：烟雾（红色）", "桥: smoke (red)"),
        ("picture/flame", "fire", {"name": "有明火", "name_en": "Flames"}, "桥：有明火（红色）", "桥: Flames (red)"),
        ("码头/level", "flood", None, "桥 · 码头 水位：积水内涝（红色）", "桥 · 码头 water level: flood (red)"),
        ("tank-1/level", "gas_leak", None, "桥 · tank-1/level：燃气泄漏（红色）", "桥 · tank-1/level: gas leak (red)"),
        ("院子", "intrusion", None, "桥 · 院子：区域入侵（红色）", "桥 · 院子: intrusion (red)"),
        ("picture/E-7", "other", None, "桥 · E-7：其他事件（红色）", "桥 · E-7: other event (red)"),
        ("1/3/40-217", "smoke", None, "桥 · 1/3/40-217：烟雾（红色）", "桥 · 1/3/40-217: smoke (red)"),
    ],
)  # fmt: skip
def test_a_title_names_what_was_found(part: str, kind: str, names: dict[str, str] | None, zh: str, en: str) -> None:
    assert (title_in("zh", alert(part, kind), RULE, names), title_in("en", alert(part, kind), RULE, names)) == (zh, en)
    stored = f"桥 · {part_name(part, kind, 'en')}: {kind} (red), 25 min late"
    assert title_in("zh", alert(part, kind, stored), RULE, names) == f"{zh}，迟到 25 分钟"
