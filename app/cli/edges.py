"""`hub edges`: edges behind data diodes (网闸): their keys, their numbers, and what is missing."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out, pages
from app.cli.connection import ConfigOption, Verbs, settings_of
from hub.models import from_micros

if TYPE_CHECKING:
    from ingest.diode.keys import Keys

edges = Verbs("Edges behind data diodes (网闸): their keys, and which of their numbers are missing.")
EdgeArgument = Annotated[str | None, typer.Argument(metavar="[EDGE]", help="Only of this edge.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@edges.verb("key")
def key(
    into: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key is written; it must not exist.")],
) -> None:
    """Make the key pair of an edge: the private key goes into a file, the public one is for the hub.

    Example:  hub edges key /etc/ganzhi/edge.pem
    """
    from ingest.diode.keys import made  # the library takes its time, and no other verb needs it

    private, public = made()
    try:
        with os.fdopen(os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(private)
    except FileExistsError:
        fail(f"{into} exists, and no key is written over another: name another file, or move this one away first")
    except OSError as error:
        fail(f"{into}: {error.strerror}; name a file in a folder that is there and that you may write to")
    out.print(Text(f"{into} is the private key: name it as diode.key_file at the edge, and copy it nowhere else."))
    out.print(Text("The public key, for diode.edges of the hub:"))
    out.print(Text(f"  {public}"), soft_wrap=True)


@edges.verb("list")
def list_edges(as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """How far the numbers of each edge have come.

    Example:  hub edges list
    """
    items = pages("/edges", url, token, {})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
            continue
        out.print(Text.assemble(*_told(item)), soft_wrap=True)
    if not items and not as_json:
        out.print("No edge has handed a file over yet: docs/DIODE.md")


def _told(item: dict[str, Any]) -> list[str | tuple[str, str]]:
    arrived = (item["arrived_at"] or "never")[:19].replace("T", " ")
    told: list[str | tuple[str, str]] = [
        f"{item['edge']:20} {item['chain']}  to {item['highest']}, the last file came {arrived}"
    ]
    if item["missing"]:
        told.append((f"  {item['missing']} missing: hub edges gaps {item['edge']}", "red"))
    if item["moved_s"]:
        told.append((f"  its clock is wrong, times are moved by {item['moved_s']:.0f} s", "yellow"))
    elif item["clock"] == "unsure":
        told.append(("  it is unsure of its clock", "yellow"))
    return told


@edges.verb("gaps")
def gaps(
    edge: EdgeArgument = None, as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None
) -> None:
    """Numbers that are missing below higher ones, and how to carry them over. Exit status 1 where there are some.

    Example:  hub edges gaps video-1
    """
    items = pages("/edges/gaps", url, token, {"edge": edge})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
            continue
        numbers = f"{item['from_number']} to {item['to_number']}"
        since = item["since"][:19].replace("T", " ")
        out.print(Text(f"{item['edge']}  {item['chain']}  {numbers}, since {since}"), soft_wrap=True)
        if item["kept"]:
            told = f"--from {item['from_number']} --to {item['to_number']} --chain {item['chain']}"
            out.print(Text(f"  at the edge:  hub edges export DIR {told}"), soft_wrap=True)
        else:
            out.print(Text("  the edge does not keep all of them any more"), soft_wrap=True)
    if not items and not as_json:
        out.print("Nothing is missing.")
    raise typer.Exit(1 if items else 0)


@edges.verb("aside")
def aside(
    edge: EdgeArgument = None, as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None
) -> None:
    """Files that were set aside, and why; the newest first.

    Example:  hub edges aside
    """
    from hub.words import text

    items = pages("/edges/aside", url, token, {"edge": edge})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
            continue
        why = text(f"edge.aside.{item['reason']}", "en")
        detail = f" ({item['detail']})" if item["detail"] else ""
        out.print(Text(f"{item['at'][:19].replace('T', ' ')}  {item['file']}: {why}{detail}"), soft_wrap=True)
    if not items and not as_json:
        out.print("None was set aside.")


@edges.verb("look")
def look(
    file: Annotated[str | None, typer.Argument(help="One of them, as this lists it: what messages are in it.")] = None,
    config: ConfigOption = None,
) -> None:
    """At the hub: files that lie aside, what they are, and whether they are signed and whole by the keys of now.

    Example:  hub edges look
    """
    from ingest.diode.again import content_of, kept
    from ingest.diode.envelope import UnusableError

    inbox, keys = _taking(config)
    try:
        if file is not None:
            content = content_of(inbox, file, keys)
            for (device, protocol, form), count in sorted(content.messages.items()):
                out.print(Text(f"{count:6}  {device}  {protocol} {form}"), soft_wrap=True)
            if content.first is not None and content.last is not None:
                out.print(f"received {from_micros(content.first):%F %T} to {from_micros(content.last):%F %T} UTC")
            return
        for each in kept(inbox, keys):
            head = each.head
            what = "" if head is None else f"  {head.edge} number {head.number}, {head.count} messages, "
            when = "" if head is None else f"written {from_micros(head.written):%F %T} UTC"
            why = "signed and whole: hub edges take" if each.why is None else str(each.why)
            out.print(Text(f"{each.name}  {each.size} bytes{what}{when}: {why}"), soft_wrap=True)
    except UnusableError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")


@edges.verb("take")
def take(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="As `hub edges look` lists them.")],
    config: ConfigOption = None,
) -> None:
    """At the hub: take files again that lie aside; where a number is another file's, messages are stored beside it.

    Nothing is stored twice by it. What is not signed and whole by the keys of now stays aside: exit status 1.

    Example:  hub edges take video-1.0a1b2c3d4e5f.000000000117.gdx.9f3a01bc
    """
    from ingest.diode.again import is_waiting
    from ingest.diode.again import take as again

    inbox, keys = _taking(config)
    refused = list[str]()
    for file in files:
        try:
            if is_waiting(inbox, file):
                out.print(Text(f"{file} is about to be taken already; nothing is done twice"), soft_wrap=True)
            elif (why := _why_not(inbox, keys, file)) is not None:
                refused.append(f"{file} {why}")
            else:
                again(inbox, file)
                out.print(Text(f"{file} is taken next; what cannot be is aside again: hub edges aside"), soft_wrap=True)
        except OSError as error:
            refused.append(f"{file}: {error.strerror}")
    if refused:
        fail("\n".join(refused))


def _why_not(inbox: Path, keys: "Keys", file: str) -> str | None:
    """Why a file is not taken again; None: it can be. OSError."""
    from ingest.diode.again import content_of, is_aside
    from ingest.diode.envelope import UnusableError

    if not is_aside(inbox, file):
        return "does not lie aside (it may have been taken): hub edges look lists those that do, by their names alone"
    try:
        content_of(inbox, file, keys)
    except UnusableError as error:
        return f"stays aside: {error}"
    return None


def _taking(config: Path | None) -> "tuple[Path, Keys]":
    from ingest.diode.keys import keys_of

    settings = settings_of(config).diode
    if settings.inbox is None:
        fail("this is no hub that takes files: the settings have no diode.inbox")
    return settings.inbox, keys_of(settings.edges)


@edges.verb("give-up")
def give_up(
    edge: Annotated[str, typer.Argument(help="The edge.")],
    to: Annotated[int, typer.Option("--to", min=1, help="All that are missing up to this number.")],
    chain: Annotated[str, typer.Option("--chain", help="Of its numbers, as `hub edges gaps` shows it.")],
    reason: Annotated[str, typer.Option("--reason", help="For the audit.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Count missing numbers as such that will not come; one that comes nevertheless is stored.

    Example:  hub edges give-up video-1 --chain 0a1b2c3d4e5f --to 120 --reason "disk of the edge broke"
    """
    item = call("POST", f"/edges/{edge}:give-up", url, token, json={"chain": chain, "to": to, "reason": reason}).json()
    out.print(Text(f"{edge}: {item['given_up']} given up in all, {item['missing']} missing."))


@edges.verb("export")
def export(
    into: Annotated[Path, typer.Argument(metavar="DIR", help="Into which folder, of a disk that is carried over.")],
    first: Annotated[int, typer.Option("--from", min=1, help="The first number.")],
    last: Annotated[int, typer.Option("--to", min=1, help="The last number.")],
    chain: Annotated[str | None, typer.Option("--chain", help="Of the numbers; left out: the newest.")] = None,
    config: ConfigOption = None,
) -> None:
    """At an edge: copy files of its archive, to be put into the hub's inbox by hand. Exit status 1 where one is gone.

    Example:  hub edges export /media/disk --from 117 --to 120
    """
    from ingest.diode.archive import exported

    settings = settings_of(config).diode
    if settings.edge is None or settings.archive is None:
        fail("this is no edge: the settings have no diode.edge")
    try:
        numbers = exported(settings.archive, settings.edge, first, last, chain, into)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    out.print(Text(f"{len(numbers)} of {last - first + 1} files are in {into}: put them into the hub's inbox."))
    raise typer.Exit(0 if len(numbers) == last - first + 1 else 1)
