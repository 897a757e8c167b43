"""HUB_* environment variables: those that no setting has are refused, with the nearest one that there is."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

PREFIX = "HUB_"
OF_COMMANDS = frozenset({"HUB_CONFIG", "HUB_URL", "HUB_BROKER", "HUB_VIDEO_NETWORKS"})
"""Options of the command line, and the folder of networks for cameras; HUB_TEST_* are those of the tests."""
_SERVICE = re.compile(r"HUB_(?:\w+_)?SERVICE_(?:HOST|PORT(?:_\w+)?)|HUB_(?:\w+_)?PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?")
_SERVICE_PORT, _SERVICE_URL = re.compile(r"HUB_(?:\w+_)?PORT"), re.compile(r"(?:tcp|udp|sctp)://")
"""What Kubernetes puts into each container beside a service whose name begins with "hub"."""


def unknown_variables(environ: Mapping[str, str], settings: Iterable[str]) -> list[str]:
    """A sentence for each HUB_* variable that is not one of `settings` (HUB_API__TOKEN, ...) nor of somebody else."""
    names = sorted(settings)
    known = OF_COMMANDS.union(names)
    return [
        f"environment variable {name}: is not a setting{meant(name.upper(), names)}"
        for name, value in sorted(environ.items())
        if name.upper().startswith(PREFIX) and name.upper() not in known and not _of_others(name, value)
    ]


def meant(name: str, names: Iterable[str]) -> str:
    """The nearest of the names as the end of a sentence; empty when none is near."""
    plain = {re.sub(r"[_.]", "", one): one for one in names}
    near = get_close_matches(re.sub(r"[_.]", "", name), plain, n=1)
    return f": write {plain[near[0]]}" if near else ": remove it, or see the settings in README.md"


def _of_others(name: str, value: str) -> bool:
    if name.startswith("HUB_TEST_") or _SERVICE.fullmatch(name):
        return True
    return _SERVICE_PORT.fullmatch(name) is not None and _SERVICE_URL.match(value) is not None
