"""Which cameras of a patrol are lost together (ingest/video/outage.py)."""

from ingest.video.outage import Found, held, lasting, outages


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


def silent(found: list[Found], was: str) -> list[Found]:
    return [each._replace(was=was, since=1) for each in found]


def test_an_outage_that_shrinks_keeps_its_place_also_for_who_joins_it() -> None:
    before = silent([*network(1, 8, of=8), *network(2, 8, of=8)], "all")
    some_back = [each._replace(is_lost=each.camera != "1-0" and each.camera != "1-1") for each in before]
    assert set(lasting(some_back).values()) == {"all"}
    most_back = [each._replace(is_lost=each.camera > "1-3") for each in before]
    told = lasting([*most_back, camera("2-8", "10.1.2.8", lost=True)])
    assert set(told.values()) == {"all"}
    assert "2-8" in told
    assert "1-4" not in told, "too few of its network are left"
    grown = [*silent(network(1, 8, of=8), "network 10.1.1.0/24"), *network(2, 8, of=8)]
    assert set(lasting(grown).values()) == {"network 10.1.1.0/24", "all"}, "what grows is told as it is"


def test_an_outage_is_over_once_somebody_of_it_has_answered_and_it_is_none_any_more() -> None:
    before = silent(network(1, 10, of=10), "network 10.1.1.0/24")
    added = [camera(f"new-{at}", f"10.1.1.{at}", lost=False) for at in range(20, 40)]
    assert len(lasting([*before, *added])) == 10, "others than those that were lost answer"
    answered = [each._replace(is_lost=each.camera == "1-9") for each in before]
    assert lasting(answered) == {}


def test_nobody_is_held_for_long_nor_once_a_desk_has_ended_the_outage_of_its_organisation() -> None:
    found = [each._replace(organisation="a" if at < 5 else "b") for at, each in enumerate(network(1, 10, of=10))]
    found = silent(found, "network 10.1.1.0/24")
    places = lasting(found)
    assert len(held(found, places, 3, ())) == 10
    assert held(found, places, 4, ()) == {}
    late = [*found[:-1], found[-1]._replace(since=None, was=None)]
    assert set(held(late, lasting(late), 4, ())) == {"1-9"}
    assert set(held(found, places, 2, {"network 10.1.1.0/24 · a"})) == {f"1-{at}" for at in range(5, 10)}
    told = [each._replace(is_told=True) for each in found]
    assert len(lasting(told)) == 10, "it lasts"
    assert held(told, places, 2, ()) == {}


def test_the_code_of_a_gateway_is_told_to_the_organisation_that_has_it() -> None:
    one = camera("c", "10.9.1.1", lost=True, gateway="nvr")._replace(organisation="a")
    assert one.where("gateway nvr") == "gateway nvr · a"
    assert one._replace(sees_gateway=False).where("gateway nvr") == "gateway · a"
    assert one._replace(organisation=None).where("gateway nvr") == "gateway nvr"
