"""Sentences of the catalogue: English as a string, Chinese when asked, and the same again after they were stored."""

import copy
import json
import pickle

import pytest

from hub.words.sentence import Sentence, stored, told, written

WHY = Sentence("refusal.metric.number", name="'pm25'", value="100 %s", advice=Sentence("refusal.metric.null"))
CHINESE = "'pm25' 的值为 100 %s：未测得时请省略"


def test_it_is_its_english_text() -> None:
    assert WHY == "'pm25' is 100 %s: leave it out when nothing was measured"
    assert type(WHY.told("en")) is str
    assert WHY.told("en") == WHY
    assert f"{WHY}." == "'pm25' is 100 %s: leave it out when nothing was measured."
    assert Sentence("refusal.json.assignment") == 'this is no JSON: send an object such as {"pm25": 35.2}'
    assert Sentence("refusal.json.backslash") == "a backslash in a text is written twice: \\\\"


def test_it_is_told_in_chinese_with_what_it_is_made_of() -> None:
    assert WHY.told("zh") == told(WHY, "zh") == CHINESE
    assert told("any other text", "zh") == "any other text"
    assert told(5, "zh") == 5


def test_a_wrong_key_or_a_missing_value_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Sentence("no.such.key")
    with pytest.raises(KeyError):
        Sentence("refusal.metric.number", name="x")


@pytest.mark.parametrize("copied", [copy.deepcopy(WHY), pickle.loads(pickle.dumps(WHY))])  # noqa: S301 of this test
def test_a_copy_is_the_same(copied: Sentence) -> None:
    assert (copied, copied.told("zh")) == (WHY, CHINESE)


def test_what_was_written_is_the_sentence_again() -> None:
    words = json.loads(json.dumps(written(WHY)))
    again = stored(str(WHY), words)
    assert again == WHY
    assert told(again, "zh") == CHINESE
    assert written(again) == words
    assert written("any other text") is None


@pytest.mark.parametrize(
    "words",
    [
        None,
        "refusal.json.cut",
        {"key": "refusal.json.cut"},
        {"key": 5, "values": {}},
        {"key": "refusal.of.a.later.version", "values": {}},
        {"key": "refusal.metric.number", "values": {"name": "x"}},
        {"key": "refusal.metric.number", "values": {"name": "x", "value": "1", "advice": {"key": "?", "values": {}}}},
    ],
)
def test_what_the_catalogue_does_not_know_stays_english(words: object) -> None:
    assert told(stored("as it was", words), "zh") == "as it was"
