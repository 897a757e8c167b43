"""Two devices of one number are told from one that moved."""

from ingest.sip.twins import WITHIN_S, Twins

A, B, C = ("10.0.0.7", 5060), ("10.0.0.8", 5060), ("10.0.0.7", 5062)
ID = "34020000001320000002"


def test_only_of_two_the_former_address_comes_back() -> None:
    twins = Twins()
    assert [twins.registered(ID, place, 10.0) for place in (A, A, B, B)] == [None] * 4, "it moved"
    assert twins.registered(ID, A, 20.0) == B
    assert twins.registered(ID, B, 30.0) == A, "and again"
    assert twins.registered("other", A, 40.0) is None


def test_a_device_that_connects_anew_each_time_is_one() -> None:
    twins = Twins()
    assert [twins.registered(ID, place, 10.0) for place in (A, B, C)] == [None] * 3
    assert twins.registered(ID, A, 20.0) is None, "A was left for B, and that for C"


def test_an_address_that_is_given_back_after_long_is_no_twin() -> None:
    twins = Twins()
    assert [twins.registered(ID, place, 0.0) for place in (A, B)] == [None] * 2
    assert twins.registered(ID, A, WITHIN_S) is None
