"""What orange and red alerts tell whoever answers them: the author's words before the hub's."""

from typing import Any

import pytest

from devices.vocabulary import KINDS
from hub.alerts.guidance import FIELDS, guidance_in, is_grave, lacking, shipped
from hub.words import LANGS

FLOOD: dict[str, Any] = {
    "rule": "water", "peak_level": "red", "event_kind": None, "metric": "depth", "category": "water", "guidance": None,
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_of_event_has_guidance_in_both_languages(kind: str) -> None:
    found = shipped(kind, None, None)
    assert found is not None
    told = [found.told(lang) for lang in LANGS]
    assert all(all(each[name] for name in FIELDS) for each in told)
    assert told[0]["action"] != told[1]["action"]


def test_a_metric_has_that_of_its_category_only() -> None:
    assert lacking(None, None, "level", "water") == lacking(None, None, "level", None) == []
    assert lacking(None, None, "level", "traffic") == list(FIELDS)
    given = {"cause": "x", "action": "", "contacts": "y", "respond_s": 60}
    assert lacking(given, None, "none", None) == ["consequence", "action"]


def test_the_authors_words_go_before_the_hubs() -> None:
    told = guidance_in("zh", {**FLOOD, "guidance": {"action": "关闭东门隧道"}})
    assert told is not None
    assert told["action"] == "关闭东门隧道"
    assert "交警 122" in told["contacts"]
    assert (guidance_in("en", FLOOD) or {})["respond_s"] == 300


def test_below_orange_only_the_author_speaks() -> None:
    assert guidance_in("en", {**FLOOD, "peak_level": "yellow"}) is None
    assert guidance_in("en", {**FLOOD, "peak_level": "blue", "guidance": {"cause": "x"}}) == {"cause": "x"}
    assert guidance_in("en", {**FLOOD, "rule": None}) is None
    cut = {name: value for name, value in FLOOD.items() if name != "rule"}
    assert guidance_in("en", cut) is None


def test_a_rule_is_grave_by_any_of_its_levels() -> None:
    assert is_grave({"blue": 1, "orange": 2}, None)
    assert is_grave(None, "red")
    assert not is_grave({"blue": 1, "yellow": 2}, None)
    assert not is_grave(None, "yellow")
