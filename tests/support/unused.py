"""What nothing uses: blocks of SQL, functions and classes, modules; and uses of blocks that are not there.

Run as `python -m tests.support.unused`, which ./run check does: prints what is wrong, and exits with 1 if anything is.
Uses by tests do not count.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from vulture import Vulture

from app.cli.groups import GROUPS
from hub.store.statements import Statements

ROOT = Path(__file__).parents[2]
PACKAGES = ("hub", "devices", "ingest", "analytics", "api", "app", "simulator")
CALLED_BY_LIBRARIES = {
    "@*.callback*": "typer",
    "@*.command*": "typer",
    "@*.verb*": "app.cli.connection.Verbs",
    "@*.delete": "FastAPI",
    "@*.exception_handler": "FastAPI",
    "@*.get": "FastAPI",
    "@*.patch": "FastAPI",
    "@*.post": "FastAPI",
    "@*.put": "FastAPI",
    "@*.websocket": "FastAPI",
    "@field_validator*": "pydantic",
    "@model_validator*": "pydantic",
    "_ssl_wrap_socket": "paho",
    "capture_signals": "uvicorn",
    "data_received": "asyncio",
    "datagram_received": "asyncio",
    "eof_received": "asyncio",
    "buffer_updated": "asyncio",
    "do_POST": "http.server",
    "get_buffer": "asyncio",
    "log_message": "http.server",
    "on_chunk_header": "httptools",
    "on_message_begin": "httptools",
    "on_partitions_*": "aiokafka",
    "on_status": "httptools",
    "list_commands": "typer",
    "render": "rich",
    "seekable": "OpenCV",
    "settings_customise_sources": "pydantic",
    "visit_*": "jmespath",
    "_func_*": "jmespath",
}
"""Decorators of functions, and names of methods, that a library calls: by which."""
KEPT: dict[str, str] = {}
"""Names that stay although nothing here uses them: why."""
ENTRANCES = {
    "app.main",
    "simulator.__main__",
    *(f"app.cli.{module}" for module in GROUPS.values()),
}
"""Modules that are started, not imported, or imported by name."""


@dataclass
class _Module:
    """A module of a package: what it imports, and which blocks of SQL it uses, as (owner, block, line)."""

    name: str
    path: Path
    imports: set[str] = field(default_factory=set)
    blocks: list[tuple[str, str, int]] = field(default_factory=list)


@cache
def _modules(root: Path) -> list[_Module]:
    found = []
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            module = _Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts), path)
            _read(module)
            found.append(module)
    return found


def _read(module: _Module) -> None:
    tree = ast.parse(module.path.read_text(encoding="utf-8"))
    owners: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            module.imports |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            module.imports |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            owners |= {alias.asname or alias.name: node.module for alias in node.names if alias.name == "SQL"}
        elif isinstance(node, ast.Assign) and _loads_statements(node.value):
            owners |= {target.id: module.name for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            module.imports.add(node.value)  # uvicorn and others are told modules by name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in owners:
            module.blocks.append((owners[node.value.id], node.attr, node.lineno))


def _loads_statements(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "statements"


def sql_findings(root: Path = ROOT) -> Iterator[str]:
    """Blocks that no module uses, uses of blocks that are not there, and .sql files without a module."""
    modules = _modules(root)
    there: dict[str, set[str]] = {}
    used: set[tuple[str, str]] = set()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.sql")):
            if "migrations" not in path.parts:
                owner = ".".join(path.relative_to(root).with_suffix("").parts)
                told = Statements(path.read_text(encoding="utf-8"))
                there[owner] = set(dir(told))
                used |= {(owner, block) for block in told.used}
    used |= {(owner, block) for module in modules for owner, block, _ in module.blocks}
    for module in modules:
        for owner, block, line in module.blocks:
            if block not in there.get(owner, set()):
                yield f"{module.path.relative_to(root)}:{line}: there is no block {block} in the SQL of {owner}"
    for owner, blocks in there.items():
        for block in sorted(blocks):
            if (owner, block) not in used:
                yield f"{owner.replace('.', '/')}.sql: nothing uses the block {block}"


def module_findings(root: Path = ROOT) -> Iterator[str]:
    """Modules that no other imports."""
    modules = _modules(root)
    imported = {name for module in modules for name in module.imports if name != module.name}
    for module in modules:
        if module.name not in imported | ENTRANCES and module.path.name != "__init__.py":
            yield f"{module.path.relative_to(root)}: nothing imports this module"


def code_findings(root: Path = ROOT) -> Iterator[str]:
    """Functions, classes, methods and properties that only tests use, or nothing."""
    for place, kind, name in _unused(root):
        if name not in KEPT:
            yield f"{place}: nothing uses the {kind} {name}"


def kept_findings(root: Path = ROOT) -> Iterator[str]:
    """Entries of KEPT that may go; for the unit test, so that who uses one need not change this file at once."""
    for name in sorted(KEPT.keys() - {name for _, _, name in _unused(root)}):
        yield f"tests/support/unused.py: {name} is used, or gone: take it out of KEPT"


@cache
def _unused(root: Path) -> list[tuple[str, str, str]]:
    """Place, kind and name of each function, class, method or property that nothing uses."""
    vulture = Vulture(
        ignore_names=[name for name in CALLED_BY_LIBRARIES if not name.startswith("@")],
        ignore_decorators=[name for name in CALLED_BY_LIBRARIES if name.startswith("@")],
    )
    vulture.scavenge([root / package for package in PACKAGES if (root / package).exists()])
    return [
        (f"{Path(item.filename).relative_to(root)}:{item.first_lineno}", item.typ, item.name)
        for item in vulture.get_unused_code()
        if item.typ in ("function", "class", "method", "property")
    ]


def main() -> None:
    """Print what is wrong."""
    findings = [*sql_findings(), *module_findings(), *code_findings()]
    sys.stdout.write("".join(f"{finding}\n" for finding in findings))
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
