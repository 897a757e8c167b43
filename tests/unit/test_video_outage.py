"""Which cameras of a patrol are lost together (ingest/video/outage.py)."""

from ingest.video.outage import Found, outages


def camera(name: str, host: str, *, lost: bool, known: bool = True, gateway: str | None = None) -> Found:
    return Found(name, (host, 554), gateway, known, lost)


def network(third: int, lost: int, of: int = 20) -> list[Found]:
    return [camera(f"{third}-{at}", f"10.1.{third}.{at}", lost=at < lost) for at in range(of)]


def test_a_network_of_which_half_is_lost_is_one_and_a_camera_elsewhere_is_of_its_own() -> None:
    found = [*network(1, 10), *network(2, 1)]
    assert outages(found) == dict.fromkeys([f"1-{at}" for at in range(10)], "network 10.1.1.0/24")
    assert outages([*network(1, 9), *network(2, 1)]) == {}, "less than half"
    assert outages(network(1, 4, of=4)) == {}, "and fewer than five hosts are no network"


def test_what_all_of_it_shares_is_told_where_nearly_all_is_lost() -> None:
    found = [each for third in range(10) for each in network(third, 20 if third < 8 else 0)]
    assert set(outages(found).values()) == {"all"}
    fewer = [*found[:-3], *(each._replace(is_lost=False) for each in found[:3])]
    fewer = fewer[3:] + [each._replace(is_lost=False) for each in network(77, 0)]
    assert set(outages(fewer).values()) == {f"network 10.1.{third}.0/24" for third in range(8)}


def test_a_recorder_of_many_channels_is_no_network() -> None:
    recorder = [camera(f"r{at}", "10.1.1.200", lost=True) for at in range(64)]
    assert set(outages([*recorder, *network(1, 0, of=10)]).values()) == {"host 10.1.1.200:554"}
    assert outages(recorder[:2]) == {}, "two cameras may be lost each of its own"
    behind = [camera(f"g{at}", f"10.9.{at}.1", lost=at < 5, gateway="nvr") for at in range(8)]
    assert set(outages([*behind, *network(1, 0, of=40)]).values()) == {"gateway nvr"}


def test_all_that_are_called_by_name_share_the_dns() -> None:
    named = [camera(f"n{at}", f"cam{at}.example", lost=True) for at in range(9)]
    assert set(outages([*named, *network(1, 1, of=60)]).values()) == {"names"}


def test_who_never_showed_anything_is_told_of_unless_nobody_does() -> None:
    never = [camera(f"x{at}", f"10.1.1.{at}", lost=True, known=False) for at in range(40)]
    assert outages([*never, *network(1, 1, of=6)]) == {}
    assert set(outages(never).values()) == {"all"}
    some = [each._replace(is_lost=at > 0) for at, each in enumerate(never)]
    assert outages(some) == {}, "one of them answers"


def test_both_kinds_of_addresses() -> None:
    found = [camera(f"v{at}", f"2001:db8:1:{at}::5", lost=True) for at in range(6)]
    found += network(1, 0, of=30)
    assert set(outages(found).values()) == {"network 2001:db8:1::/48"}
