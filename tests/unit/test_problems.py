"""Refusals of the database, as sentences of the catalogue."""

import pytest

from api.problems import why_kept
from hub.words.sentence import told


@pytest.mark.parametrize(
    ("message", "zh"),
    [
        ("the consumer desk is named by the chain lake: take it out there first", "desk（接收方）被升级链 lake 引用"),
        ("the rota night is named by the chain lake: take it out there first", "night（值班表）被升级链 lake 引用"),
        ("the fallback consumer desk stays: make another one the fallback first", "兜底接收方 desk 不能删除"),
        ("", "仍被其他对象引用"),
    ],
)
def test_what_the_database_keeps_is_told_in_both_languages(message: str, zh: str) -> None:
    assert told(why_kept(message), "zh").partition("：")[0] == zh
    assert str(why_kept(message)) == (message or "something else needs it: take it out there first")
