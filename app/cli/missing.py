"""Where the hub knows nothing by a name: the nearest name that there is, and the verb that lists all of them."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

import httpx

Ask = Callable[[str], httpx.Response]
"""GET a path below /api/v1; httpx.HTTPError."""


class Listing(NamedTuple):
    """How things of a kind are found."""

    verb: str
    path: str = ""
    """Of the API, with their codes; "": they go by ids, of which none is near another."""
    key: str = "code"
    or_else: str = ""
    """What makes one, or another place to look."""
    shows: str = "shows those that there are"


LISTINGS: Mapping[str, Listing] = {
    "account": Listing("hub accounts list", "/accounts", "name"),
    "alert": Listing("hub alerts list"),
    "area": Listing("hub areas list", "/areas"),
    "case": Listing("hub cases list"),
    "case_rule": Listing("hub cases rules", "/case-rules"),
    "chain": Listing("hub chains list", "/chains"),
    "clip": Listing("hub events list", shows="tells which events have a clip"),
    "code_table": Listing("hub codes list", "/codes", "protocol"),
    "connection": Listing("hub cameras list", or_else="hub cameras add -h connects one"),
    "consumer": Listing("hub consumers list", "/consumers"),
    "dead_letter": Listing("hub dead-letters list"),
    "device": Listing("hub devices list", or_else="hub devices put -h registers one"),
    "division": Listing("hub regions list"),
    "drill": Listing("hub drills list"),
    "edge": Listing("hub edges list", "/edges", "edge"),
    "event": Listing("hub events list"),
    "fusion_rule": Listing("hub fusion list", "/fusion-rules"),
    "handover": Listing("hub handovers list"),
    "incident": Listing("hub incidents list"),
    "indicator_set": Listing("hub indicators sets"),
    "inhibition": Listing("hub inhibitions list", "/inhibitions"),
    "key_in_use": Listing("hub keys list"),
    "maintenance_window": Listing("hub maintenances list"),
    "outside_system": Listing("hub outside list", "/outside-systems"),
    "picture": Listing("hub events list", shows="tells which events have a picture"),
    "profile": Listing("hub profiles list", "/profiles", or_else="with --library, what hub profiles install brings"),
    "provisioning_key": Listing("hub devices key list", "/provisioning-keys"),
    "rota": Listing("hub rotas list", "/rotas"),
    "rule": Listing("hub rules list", "/rules", or_else="hub rules put -h makes one"),
    "rule_set": Listing("hub rules sets list"),
    "share": Listing("hub shares list"),
    "silence": Listing("hub silences list"),
    "subscription": Listing("hub subscriptions list", "/push-subscriptions"),
    "target_of_forwarding": Listing("hub forwards list", "/forwards"),
    "warning": Listing("hub warnings list"),
}
"""By the word of the hub (`missing.what` of its problems)."""
_IDS = {"letter": "dead_letter"}
"""Whose parameter in the API has another name."""


def next_step(problem: Mapping[str, Any], ask: Ask) -> str:
    """What to do about a problem of the hub where nothing has such a name, or an id is none; else nothing."""
    missing = problem.get("missing")
    if not isinstance(missing, dict):
        return _about_ids(problem)
    what, name = str(missing.get("what")), str(missing.get("name"))
    listing = LISTINGS.get(what)
    if listing is None:
        return ""
    near = _near(what, name, listing, ask)
    meant = f"did you mean {near}? " if near else ""
    more = f"; {listing.or_else}" if listing.or_else else ""
    return f"{meant}{listing.verb} {listing.shows}{more}"


def _about_ids(problem: Mapping[str, Any]) -> str:
    if str(problem.get("detail")).startswith("there is nothing at"):
        return "no name has a / in it; a hub that is older than this command does not know all of its verbs"
    pointer = str((problem.get("errors") or [{}])[0].get("pointer"))
    thing = pointer.removesuffix("_id")
    listing = LISTINGS.get(_IDS.get(thing, thing))
    return "" if thing == pointer or listing is None else f"{listing.verb} shows the ids"


def _near(what: str, name: str, listing: Listing, ask: Ask) -> str | None:
    """A name that may be meant; None where none is near, or the hub tells none."""
    if what != "device" and not listing.path:
        return None
    try:
        if what == "device":
            near = ask(f"/devices/{name}/diagnosis").json().get("near") or []
            return str(near[0]["code"]) if near else None
        known = [str(item[listing.key]) for item in ask(f"{listing.path}?limit=1000").json()["items"]]
    except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return next(iter(get_close_matches(name, known, 1)), None)
