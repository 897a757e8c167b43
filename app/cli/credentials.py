"""`hub devices credential`: what devices show to the broker and to the hub, and what to paste into them."""

import json
import re
import shlex
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, address, call, out
from app.cli.connection import Verbs

credential = Verbs("Issue, rotate and revoke what devices log in with.")


class Kind(StrEnum):
    password = "password"  # noqa: S105 the name of a kind
    token = "token"  # noqa: S105 the name of a kind
    x509 = "x509"


CodeArgument = Annotated[str, typer.Argument(help="The device's code.")]


def _reached(broker: str | None) -> str | None:
    """host, or host:port, before a secret is made that is shown once."""
    if broker is not None:
        host, colon, port = broker.rpartition(":") if not broker.endswith("]") else (broker, "", "")
        number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 0
        if not broker or re.search(r"[\s/@]", broker) or (colon and not (host and 0 < number <= 65535)):
            raise typer.BadParameter("is host:port, with a port from 1 to 65535, like broker.example.org:1883")
    return broker


BrokerOption = Annotated[
    str | None,
    typer.Option(
        envvar="HUB_BROKER", callback=_reached, help="host:port as devices reach the broker, for the example."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object, for a program.")]


@credential.verb()
def issue(
    code: CodeArgument,
    kind: Annotated[Kind, typer.Option(help="password: MQTT; token: HTTP too; x509: certificate.")] = Kind.password,
    common_name: Annotated[str | None, typer.Option(help="Of its certificate; its code when not given.")] = None,
    broker: BrokerOption = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Make a credential and print what to paste into the device. The secret is shown now and never again.

    Example:  hub devices credential issue air-1

    Example:  hub devices credential issue cam-1 --kind x509 --common-name cam-1.example
    """
    body = {"kind": kind.value} | ({"common_name": common_name} if common_name else {})
    _tell(code, call("POST", f"/devices/{code}/credentials", url, token, json=body).json(), broker, url, as_json)


@credential.verb()
def rotate(
    code: CodeArgument,
    id_: Annotated[int | None, typer.Option("--id", help="Which one, when the device has several.")] = None,
    broker: BrokerOption = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Give a credential a new secret. The old one ends at once, and the device is disconnected until it has the new.

    Example:  hub devices credential rotate air-1
    """
    answer = call("POST", f"/devices/{code}/credentials:rotate", url, token, json={"id": id_})
    _tell(code, answer.json(), broker, url, as_json)


@credential.verb()
def revoke(
    code: CodeArgument,
    id_: Annotated[int | None, typer.Option("--id", help="Only this one; else all of the device.")] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """End a device's credentials: it is thrown out, and not let in again.

    Example:  hub devices credential revoke air-1
    """
    answer = call("DELETE", f"/devices/{code}/credentials" + (f"/{id_}" if id_ is not None else ""), url, token)
    told = answer.status_code == 204
    rest = f"{code} is not let in any more" if told else "The broker is away: it is told as soon as it is back"
    out.print(f"Revoked. {rest}.")


@credential.verb("list")
def list_credentials(code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """A device's active credentials, without their secrets.

    Example:  hub devices credential list air-1
    """
    items = call("GET", f"/devices/{code}/credentials", url, token).json()["items"]
    if not items:
        out.print(f"{code} has no credentials. Make one:  hub devices credential issue {code}", soft_wrap=True)
        return
    table = Table("id", "kind", "user name", "made", "secret changed")
    for item in items:
        made, changed = (str(item[at] or "")[:16].replace("T", " ") for at in ("created_at", "rotated_at"))
        table.add_row(str(item["id"]), item["kind"], Text(item["username"]), made, changed)
    out.print(table)


def _tell(code: str, issued: dict[str, Any], broker: str | None, url: str, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(issued, ensure_ascii=False))
        return
    out.print(Text("\n".join(lines_of(code, issued, broker or issued["broker"], url))), soft_wrap=True)


def lines_of(code: str, issued: dict[str, Any], broker: str, url: str) -> list[str]:
    """Output for a new credential: what to configure, a test command, and obstacles."""
    host, _, port = broker.rpartition(":") if ":" in broker else (broker, "", "1883")
    secret, kind, payload = issued["secret"], issued["kind"], json.dumps(issued["example"] or {"...": 0})
    login = ["-u", issued["username"], "-P", str(secret)]
    if kind == "x509":
        login = ["--cafile", "ca.crt", "--cert", f"{code}.crt", "--key", f"{code}.key"]
    login += ["-i", issued["client_id"]]
    publish = ["mosquitto_pub", "-h", host, "-p", port, *login, "-q", "1", "-t", issued["topic"], "-m", payload]
    lines = [f"For the device {code}" + (", now and never again:" if secret else ":")]
    if kind == "x509":
        lines.append(f"  common name  {issued['username']}   (subject CN of its certificate)")
    else:
        lines += [f"  user name    {issued['username']}", f"  password     {secret}"]
    lines += [f"  client id    {issued['client_id']}   (it may use no other)"]
    lines += [f"  broker       {broker}", f"  topic        {issued['topic']}", ""]
    lines += ["Try it:", f"  {shlex.join(publish)}"]
    if kind == "token":
        headers = ["-H", f"Authorization: Bearer {secret}", "-H", "Content-Type: application/json"]
        post = ["curl", address(url, f"/devices/{code}/telemetry"), *headers, "-d", payload]
        lines += ["or over HTTP:", f"  {shlex.join(post)}"]
    if issued["state"] != "active":
        lines += ["", f"{code} is {issued['state']}: it is let in once it is active."]
    if not issued["known_to_broker"]:
        lines += ["", "mqtt.access is none: the broker does not check this login, and lets in whom it lets in anyway."]
    return lines
