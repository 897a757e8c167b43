"""The cookies of browsers: of a session, and of a login at a provider that has begun."""

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


def oidc_cookie_of(connection: HTTPConnection) -> str | None:
    """The secret of a login at a provider that this browser has begun."""
    return connection.cookies.get(_oidc_name(connection)) or None


def give_oidc_cookie(connection: HTTPConnection, response: Response, secret: str, seconds: int) -> None:
    """Let the browser keep it until it comes back from the provider: lax, for that is another site."""
    name = _oidc_name(connection)
    secure = name.startswith("__Host-")
    response.set_cookie(name, secret, seconds, path="/", secure=secure, httponly=True, samesite="lax")


def take_oidc_cookie(connection: HTTPConnection, response: Response) -> None:
    """Let the browser forget it."""
    name = _oidc_name(connection)
    response.delete_cookie(name, path="/", secure=name.startswith("__Host-"), httponly=True, samesite="lax")


def _oidc_name(connection: HTTPConnection) -> str:
    return _name(connection).replace("session", "oidc")


def _name(connection: HTTPConnection) -> str:
    return SECURE if connection.url.scheme in ("https", "wss") else NAME
