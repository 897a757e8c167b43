"""Cross-site request forgery: what a page of another origin makes a browser send is refused."""

from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.requests import HTTPConnection

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({"same-origin", "none"})
"""none: the address bar, a bookmark."""
_SIMPLE = frozenset({"", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
"""Content types that a form of any page can send."""
BEARER = "bearer."
"""What a subprotocol begins with that is a key: a page can give a WebSocket no headers."""
_REFUSED = (
    "a page of another origin may change nothing here: open the hub's own page; if this is it, let the proxy in front "
    "of the hub pass the Host header on"
)


def bearer_of(connection: HTTPConnection) -> str:
    """The key or token that is shown; "" without one. A WebSocket may show it as the subprotocol `bearer.<key>`."""
    scheme, _, rest = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    offered = connection.scope.get("subprotocols", ())
    return next((each.removeprefix(BEARER) for each in offered if each.startswith(BEARER)), "")


def refuse_cross_site(connection: HTTPConnection) -> None:
    """HTTPException 403 for a request that changes something and comes from another origin.

    Browsers tell it in Sec-Fetch-Site, or over plain HTTP in Origin, which must then name the host that was asked: the
    hub's, or a proxy's in front of it (X-Forwarded-Host, which no page can make a browser send elsewhere). What sends
    neither is no browser: curl, a device, a program. A WebSocket counts as a change, for any page may read what it
    brings, unless it shows a key (`bearer_of`); there Origin decides, which is always sent. The
    door must let who shows a key to a WebSocket in by that key alone.
    """
    socket = connection.scope["type"] == "websocket"
    if bearer_of(connection) if socket else connection.scope.get("method", "GET") in SAFE:
        return
    headers = connection.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if origin is not None and (site is None or socket):
        asked = {headers.get("x-forwarded-host", "").partition(",")[0].strip(), headers.get("host", "")}
        site = "same-origin" if urlsplit(origin).netloc in asked - {""} else "cross-site"
    if site is not None and site not in _OWN:
        raise HTTPException(403, _REFUSED)


def refuse_simple(connection: HTTPConnection) -> None:
    """HTTPException 415 for a POST that a form of another page could send: for callers known by a cookie alone."""
    kind = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    if connection.scope.get("method") == "POST" and kind in _SIMPLE:
        raise HTTPException(415, "with a session's cookie a POST needs a content type like application/json")
