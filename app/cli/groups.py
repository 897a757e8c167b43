"""The groups of verbs of `hub`. A command imports its own group and no other: all of them together take a second."""

from collections.abc import Iterable
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

_SAME = (
    "profiles catalogue regions rules cases inhibitions fusion events alerts incidents consumers chains outside areas"
    " shares silences maintenances rotas handovers indicators drills device-tests calendar warnings audit secrets frame"
    " dead-letters forwards subscriptions edges readings series accounts keys codes cameras video"
)
_ELSEWHERE = {"devices": "device_verbs", "device-tests": "drills"}
GROUPS = {name: _ELSEWHERE.get(name, name.replace("-", "_")) for name in ("devices", *_SAME.split())}
"""By name, in the order of the help: the module of app.cli that holds a group, which has its name there."""


class Groups(TyperGroup):
    """The root of the command line: its own verbs, then the groups."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, as the help shows them."""
        return [*(name for name in self.commands if name not in GROUPS), *GROUPS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A verb or a group; for a name that is none, all are loaded, so that one that is near can be suggested."""
        if cmd_name not in GROUPS and cmd_name not in self.commands:
            self.load(GROUPS)
        elif cmd_name in GROUPS:
            self.load([cmd_name])
        return super().get_command(ctx, cmd_name)

    def load(self, names: Iterable[str]) -> None:
        """Import groups."""
        for name in names:
            if name not in self.commands:
                group = typer.main.get_group(getattr(import_module(f"app.cli.{GROUPS[name]}"), name.replace("-", "_")))
                group.name = name
                self.commands[name] = group
