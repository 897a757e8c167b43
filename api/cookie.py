"""The cookie of a browser session."""

from fastapi import Response
from starlette.requests import HTTPConnection

NAME, SECURE = "ganzhi_session", "__Host-ganzhi_session"
"""Over TLS the second one, which no other host, path or plain page can set."""


def cookie_of(connection: HTTPConnection) -> str | None:
    """The session's token that a browser shows."""
    return connection.cookies.get(_name(connection)) or None


def give_cookie(connection: HTTPConnection, response: Response, token: str) -> None:
    """Let the browser keep a token until it is closed."""
    secure = _name(connection) == SECURE
    response.set_cookie(_name(connection), token, path="/", secure=secure, httponly=True, samesite="strict")


def take_cookie(connection: HTTPConnection, response: Response) -> None:
    """Let the browser forget its token."""
    secure = _name(connection) == SECURE
    response.delete_cookie(_name(connection), path="/", secure=secure, httponly=True, samesite="strict")


def _name(connection: HTTPConnection) -> str:
    return SECURE if connection.url.scheme in ("https", "wss") else NAME
