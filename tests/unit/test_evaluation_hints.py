"""What `hub evaluate-video` says that labels and settings lack (app/cli/evaluate_video.py)."""

from typing import Any

import pytest

from analytics.video.settings import read_settings
from app.cli.evaluate_video import _hints

ZONE = {"name": "here", "kinds": ["intrusion"], "polygon": [[0, 0], [1, 0], [1, 1]]}


@pytest.mark.parametrize(
    ("labelled", "settings", "hints"),
    [
        ("intrusion", {"kinds": ["intrusion"]}, ["draw no zones: all of the picture is looked at"]),
        ("intrusion", {"kinds": ["intrusion"], "zones": [ZONE]}, []),
        ("line_crossing", {"kinds": ["line_crossing"]}, ["draw no lines: nothing of it is looked for"]),
        ("smoke", {"kinds": ["flame"]}, ["its settings do not look for it"]),
        ("flood", {"kinds": ["flood"]}, []),
    ],
)
def test_what_a_clip_lacks_to_be_judged_fairly_is_said(labelled: str, settings: Any, hints: list[str]) -> None:
    told = _hints({labelled}, read_settings(settings), "en")
    assert len(told) == len(hints)
    assert all(hint in one for hint, one in zip(hints, told, strict=True))


def test_it_is_said_in_chinese_with_the_name_of_the_kind() -> None:
    told = _hints({"smoke", "level"}, read_settings({"kinds": ["level"]}), "zh")
    assert told == ["标注了烟雾 smoke，但设置中不查找此类", "标注了水位 level，但设置中没有标出水尺，不查找此类"]
