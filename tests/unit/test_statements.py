"""Blocks of SQL, and blocks in blocks."""

import pytest

from hub.store.statements import Statements

TEXT = """
-- name: which
c.level = 1

-- name: listed
select 1 from c where
-- use: which
limit 1
"""


def test_a_block_stands_in_another_one() -> None:
    told = Statements(TEXT)
    assert told.listed == "select 1 from c where\nc.level = 1\nlimit 1"
    assert dir(told) == ["listed", "which"]
    assert told.used == {"which"}


def test_a_block_that_is_not_above_is_an_error() -> None:
    with pytest.raises(KeyError, match="missing"):
        Statements("-- name: listed\nselect 1\n-- use: missing\n")
    with pytest.raises(AttributeError, match="missing"):
        _ = Statements(TEXT).missing
