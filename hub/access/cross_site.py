"""Cross-site request forgery: what a page of another origin makes a browser send is refused."""

from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.requests import HTTPConnection

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({"same-origin", "none"})
"""none: the address bar, a bookmark."""


def refuse_cross_site(connection: HTTPConnection) -> None:
    """HTTPException 403 for a request that changes something and comes from another origin.

    Browsers tell it in Sec-Fetch-Site, or over plain HTTP in Origin, which must then name the host that was asked. What
    sends neither is no browser: curl, a device, a program.
    """
    if connection.scope.get("method", "GET") in _SAFE:
        return
    headers = connection.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is None and origin is not None:
        site = "same-origin" if urlsplit(origin).netloc == headers.get("host") else "cross-site"
    if site is not None and site not in _OWN:
        raise HTTPException(403, "a page of another origin may change nothing here: open the hub's own page")
