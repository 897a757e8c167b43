"""Where a consumer's login and query are stored: sealed for the host that they are sent to, and read for no other."""

import httpx

from hub.secrets.sealed import Place


def login_place(code: str, url: str, column: str = "login", table: str = "consumer") -> Place:
    """The place of a consumer's login, or query, or of a camera's login (`code` is that of the device, with the kind).

    The URL is read as it is read when it is called.
    """
    try:
        called = httpx.URL(url)
        origin = f"{called.scheme}://{called.host}:{called.port or ''}"
    except httpx.InvalidURL:  # such a one is never called
        origin = url
    return Place(table, column, f"{code} {origin}")
