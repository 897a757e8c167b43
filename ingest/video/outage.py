"""Whether cameras of a round of a patrol that show nothing do so together: one finding, and none of each. Pure.

Cameras share a host (a recorder), a gateway of the registry, a network (/24, /48 of IPv6; all that are called by a name
share the DNS) and the hub's own network. Recorders and gateways are judged by their cameras, networks by their hosts,
so that a recorder of 64 channels is no network. Widest first; who is lost for a reason of his own is in no outage.

Only cameras count that have been there before: those that never showed anything do where nobody of theirs ever did,
and all of them show nothing. Nothing but faults of pictures is held so; a patrol looks for no danger.

An outage keeps its place while it shrinks, and is over when somebody of it has answered and it is none any more. It
holds each camera for ROUNDS further rounds, or until a desk has ended its alert; who joined later no longer than that.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from ingest.video.itinerary import Host

ALL, NAMES = "all", "names"
LEAST_CAMERAS, LEAST_HOSTS = 3, 5
"""So many of a recorder or gateway, or hosts of a network, are lost at the least."""
SHARE, SHARE_OF_ALL = 0.5, 0.8
"""Of those that were there: as many are lost."""
ROUNDS = 2
"""For so many rounds after that in which it fell silent a camera is held."""


class Found(NamedTuple):
    """A camera on patrol of which it is not told yet that it shows nothing, or that it does with others.

    One that was not visited in this round is as it was.
    """

    camera: str
    host: Host
    gateway: str | None
    is_known: bool
    """It has shown something before."""
    is_lost: bool
    """It shows nothing now."""
    faults: frozenset[str] = frozenset()
    """What was told of it, and is not over."""
    organisation: str | None = None
    was: str | None = None
    """In which outage it was until now."""
    since: int | None = None
    """From which round on."""
    is_told: bool = False
    """It is told of its own."""
    sees_gateway: bool = True
    """Its organisation has the gateway, too."""

    def where(self, place: str) -> str:
        """An outage as the camera's organisation is told of it."""
        if not self.sees_gateway and place == _gateway(self):
            place = "gateway"
        return place if self.organisation is None else f"{place} · {self.organisation}"


class Scope(NamedTuple):
    """What cameras share."""

    key_of: Callable[[Found], str | None]
    by_hosts: bool
    share: float


def _network(found: Found) -> str:
    try:
        address = ip_address(found.host[0])
    except ValueError:
        return NAMES
    return f"network {ip_network((address, 24 if address.version == 4 else 48), strict=False)}"


def _gateway(found: Found) -> str | None:
    return None if found.gateway is None else f"gateway {found.gateway}"


def _host(found: Found) -> str:
    return f"host {found.host[0]}:{found.host[1]}"


SCOPES = (
    Scope(lambda _: ALL, by_hosts=True, share=SHARE_OF_ALL),
    Scope(_network, by_hosts=True, share=SHARE),
    Scope(_gateway, by_hosts=False, share=SHARE),
    Scope(_host, by_hosts=False, share=SHARE),
)


ORDER = (ALL, NAMES, "network", "gateway", "host")
"""Of places, the widest first."""


def outages(found: Iterable[Found]) -> dict[str, str]:
    """With what each camera is lost that is lost with others; who is not in it is told of its own."""
    left, told = list(found), dict[str, str]()
    for scope in SCOPES:
        groups = defaultdict[str, list[Found]](list)
        for each in left:
            if (key := scope.key_of(each)) is not None:
                groups[key].append(each)
        for key, those in groups.items():
            if _is_out(those, scope):
                told |= {each.camera: key for each in those if each.is_lost}
        left = [each for each in left if each.camera not in told]
    return told


def lasting(found: Sequence[Found]) -> dict[str, str]:
    """In which outage each camera is, as it was called when it began."""
    now = outages(found)
    answered = {each.was for each in found if not each.is_lost}
    kept = dict[str, str]()
    """By a place of now: the widest of those in which its cameras were."""
    for each in found:
        if each.camera in now and each.was is not None:
            place = now[each.camera]
            kept[place] = min(kept.get(place, place), each.was, key=_width)
    told = dict[str, str]()
    for each in found:
        if each.was is not None and each.is_lost and (each.camera in now or each.was not in answered):
            told[each.camera] = each.was
        elif each.camera in now:
            told[each.camera] = kept.get(now[each.camera], now[each.camera])
    return told


def held(found: Iterable[Found], places: Mapping[str, str], number: int, ended: Collection[str]) -> dict[str, str]:
    """Who of those in outages is not told of its own yet, in the round of this number; `ended`: outages by a desk."""
    return {
        each.camera: place
        for each in found
        if (place := places.get(each.camera)) is not None
        and not each.is_told
        and each.where(place) not in ended
        and (each.since is None or number - each.since <= ROUNDS)
    }


def _width(place: str) -> int:
    return ORDER.index(place.split()[0])


def _is_out(those: Sequence[Found], scope: Scope) -> bool:
    known = [each for each in those if each.is_known]
    if not known:
        return _are_many(those, scope, 1.0)
    return _are_many(known, scope, scope.share)


def _are_many(those: Sequence[Found], scope: Scope, share: float) -> bool:
    if not scope.by_hosts:
        lost = sum(each.is_lost for each in those)
        return lost >= max(LEAST_CAMERAS, share * len(those))
    hosts = defaultdict[Host, list[bool]](list)
    for each in those:
        hosts[each.host].append(each.is_lost)
    lost = sum(sum(states) >= max(SHARE, share) * len(states) for states in hosts.values())
    return lost >= max(LEAST_HOSTS, share * len(hosts))
