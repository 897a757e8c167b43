"""Where a consumer's login is stored: it is sealed for the host that it is sent to, and read for no other."""

import httpx

from hub.secrets.sealed import Place


def login_place(code: str, url: str) -> Place:
    """The place of a consumer's login. The URL is read as it is read when it is called."""
    try:
        called = httpx.URL(url)
        origin = f"{called.scheme}://{called.host}:{called.port or ''}"
    except httpx.InvalidURL:  # such a one is never called
        origin = url
    return Place("consumer", "login", f"{code} {origin}")
