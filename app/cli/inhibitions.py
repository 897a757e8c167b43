"""`hub inhibitions`: which alerts of a gateway or a pole keep back which alerts of the devices behind it (抑制)."""

import json
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out, pages
from app.cli.connection import Verbs

inhibitions = Verbs("Which alerts of a gateway or a pole keep back which alerts of the devices behind it.")
CodeArgument = Annotated[str, typer.Argument(help="The inhibition's code.")]


@inhibitions.verb("list")
def list_inhibitions(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List inhibitions by code.

    Example:  hub inhibitions list
    """
    items = pages("/inhibitions", url, token, {})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
        else:
            _show(item)
    if not items and not as_json:
        out.print("There is none.  hub inhibitions put -h")


@inhibitions.verb("put")
def put(
    code: CodeArgument,
    kinds: Annotated[list[str], typer.Option("--kind", help="Kept back of the devices behind; repeatable.")],
    parent_kinds: Annotated[
        list[str] | None, typer.Option("--parent-kind", help="A kind of event of the parent; repeatable.")
    ] = None,
    parent_metrics: Annotated[
        list[str] | None, typer.Option("--parent-metric", help="Or a metric of the parent; repeatable.")
    ] = None,
    enabled: Annotated[bool, typer.Option("--enable/--disable", help="Whether it is in force.")] = True,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """While such an alert of the parent lasts, keep back those of the devices behind; never what is red or a danger.

    Example:  hub inhibitions put pole-dark --parent-metric mains_voltage --kind offline --kind fault

    Example:  hub inhibitions put parent-offline --parent-kind offline --kind offline --disable
    """
    body: dict[str, Any] = {"kinds": kinds, "enabled": enabled}
    body |= {"parent_kinds": parent_kinds or [], "parent_metrics": parent_metrics or []}
    _show(call("PUT", f"/inhibitions/{code}", url, token, json=body).json())


@inhibitions.verb("delete")
def delete(code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Delete an inhibition: what it keeps back and still lasts is delivered.

    Example:  hub inhibitions delete pole-dark
    """
    call("DELETE", f"/inhibitions/{code}", url, token)
    out.print(Text(f"{code} is deleted."))


def _show(found: dict[str, Any]) -> None:
    state = Text("on   ", "green") if found["enabled"] else Text("off  ", "dim")
    parent = ", ".join([*found["parent_kinds"], *(f"metric {each}" for each in found["parent_metrics"])])
    told = f"{found['code']}: {parent} of the parent keeps back {', '.join(found['kinds'])}"
    out.print(Text.assemble(state, f"{told}; {found['keeps_back']} kept back now"), soft_wrap=True)
