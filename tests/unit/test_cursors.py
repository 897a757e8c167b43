import math
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cursors import Paging, decode, encode
from api.problems import ProblemError


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.uuids(),
    st.integers(0, 1 << 62),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=64),
)
def test_cursor_brings_back_what_it_was_made_of(at: datetime, name: UUID, number: int, text: str) -> None:
    key = [at, name, number, text]
    assert decode(encode(key), [datetime, UUID, int, str]) == key


@pytest.mark.parametrize("cursor", ["x", "!!!!", "bm90IGpzb24", encode([1]), encode(["a", "b"]), "e30", "中文"])
def test_foreign_cursor_is_a_problem(cursor: str) -> None:
    with pytest.raises(ProblemError) as caught:
        decode(cursor, [datetime, UUID])
    assert caught.value.status == 422
    assert caught.value.errors[0].pointer == "cursor"


def test_a_number_without_an_end_is_no_cursor() -> None:
    with pytest.raises(ProblemError):
        decode(encode([math.inf]), [int])


def test_page_asks_for_one_row_more_and_names_the_last_shown() -> None:
    keys = {"ts": datetime, "id": UUID}
    rows = [{"ts": datetime(2026, 1, day, tzinfo=UTC), "id": uuid4()} for day in (3, 2, 1)]
    paging = Paging(2, None)
    assert paging.after(keys) == {"limit": 3, "after_ts": None, "after_id": None}
    page = paging.page(rows, keys)
    assert page["items"] == rows[:2]
    after = Paging(2, page["next"]).after(keys)
    assert after == {"limit": 3, "after_ts": rows[1]["ts"], "after_id": rows[1]["id"]}
    assert Paging(3, None).page(rows, keys)["next"] is None
