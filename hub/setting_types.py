"""Types of settings. What is wrong with a text that may hold a secret is said without showing it."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, model_validator

from hub.networks import parse_allowed
from hub.secret_files import read_files


class Section(BaseModel):
    """A table of the settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _with_files(cls, given: Any) -> Any:
        return read_files(cls.model_fields, given) if isinstance(given, Mapping) else given


def _database(url: str) -> str:
    """An address that libpq reads as it was meant: what it takes for a host, a port or a name, its errors show."""
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except ProgrammingError:
        parts = {"port": "unreadable"}
    port, host, name = parts.get("port", ""), parts.get("host", ""), parts.get("dbname", "")
    written_as_url = url.startswith(("postgres://", "postgresql://"))
    if (
        not all(_is_port(each) for each in port.split(",") if each)
        or "@" in host
        or (written_as_url and re.search("[@/]", name))
    ):
        raise ValueError(
            "is no address of a database: write postgresql://USER@HOST:PORT/DATABASE, and the password as PGPASSWORD "
            "(in an address @ is %40, / is %2F, : is %3A, % is %25; a port is from 1 to 65535)"
        )
    return url


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) <= 65535


def _is_host(text: str) -> bool:
    """A name, or an IP address; without a scheme, a port, a user or a path."""
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return re.fullmatch(r"[^\s/@:\[\]]+", text) is not None
    return True


def _host(host: str) -> str:
    if not _is_host(host):
        raise ValueError("is a name or an IP address alone: the port is a setting of its own")
    return host


def _broker_host(host: str) -> str:
    if not _is_host(host):
        raise ValueError(
            "is a name or an IP address alone: the port is mqtt.port, "
            "user and password are mqtt.username and mqtt.password"
        )
    return host


def _servers(servers: str) -> str:
    for server in servers.split(","):
        host, _, port = server.rpartition(":")
        in_brackets = host.startswith("[") and host.endswith("]")
        if not _is_port(port) or not _is_host(host[1:-1] if in_brackets else host):
            raise ValueError(
                "is host:port, several with commas between, without a scheme, user or password; "
                "a port is from 1 to 65535"
            )
    return servers


def _allowed(text: str) -> str:
    parse_allowed(text)
    return text


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
BrokerHost = Annotated[str, AfterValidator(_broker_host)]
Servers = Annotated[str, AfterValidator(_servers)]
AllowedText = Annotated[str, AfterValidator(_allowed)]
"""A network, with or without ports, as `hub.networks.parse_allowed` takes it."""
HeaderSecret = Annotated[SecretStr, AfterValidator(_sendable)]
"""What a request header can carry; never empty."""


def _place(text: str) -> str:
    host, colon, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not bare or not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        raise ValueError("is host:port, such as 0.0.0.0:5212; a port is from 1 to 65535")
    return text


Place = Annotated[str, AfterValidator(_place)]
"""host:port."""
