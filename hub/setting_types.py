"""Types of settings whose text may hold a secret: what is wrong with it is said without showing it."""

import re
from typing import Annotated

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, SecretStr


def _database(url: str) -> str:
    """An address that libpq reads as it was meant: what it takes for a host, a port or a name, its errors show."""
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except ProgrammingError:
        parts = {"port": "unreadable"}
    port, host, name = parts.get("port", ""), parts.get("host", ""), parts.get("dbname", "")
    written_as_url = url.startswith(("postgres://", "postgresql://"))
    if not re.fullmatch(r"[\d,]*", port) or "@" in host or (written_as_url and re.search("[@/]", name)):
        raise ValueError(
            "is no address of a database: write postgresql://USER@HOST:PORT/DATABASE, and the password as PGPASSWORD "
            "(in an address @ is %40, / is %2F, : is %3A, % is %25)"
        )
    return url


def _host(host: str) -> str:
    if not re.fullmatch(r"[^\s/@]+", host):
        raise ValueError("is a name or an IP address alone: user and password are mqtt.username and mqtt.password")
    return host


def _servers(servers: str) -> str:
    if not re.fullmatch(r"[^\s,@/]+:\d+(,[^\s,@/]+:\d+)*", servers):
        raise ValueError("is host:port, several with commas between, without a scheme, user or password")
    return servers


def _sendable(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text.strip():
        raise ValueError("is empty, and an empty secret is none: give it a value, or leave it out")
    if not re.fullmatch(r"[!-~](?:[ -~]*[!-~])?", text):
        raise ValueError(
            "holds a line break, a space at an end, or what is not ASCII, which no request can carry: remove it"
        )
    return secret


DatabaseUrl = Annotated[str, AfterValidator(_database)]
"""As libpq reads it: a URL, or key=value pairs."""
Host = Annotated[str, AfterValidator(_host)]
Servers = Annotated[str, AfterValidator(_servers)]
HeaderSecret = Annotated[SecretStr, AfterValidator(_sendable)]
"""What a request header can carry; never empty."""
