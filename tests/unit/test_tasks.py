"""Every task belongs to a task group: what starts it waits for its end, and sees its error."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("hub", "devices", "ingest", "analytics", "api", "app")

STARTS = {"create_task", "ensure_future", "run_coroutine_threadsafe"}
REASONED = {
    # Races a call of aiokafka against a stop, and hands on what either raises as it is; a group would wrap it.
    ("ingest/kafka/source.py", "_or_stop"),
    # As above: races a client's leaving against the work that is done for it.
    ("api/http/disconnect.py", "while_connected"),
    # While Kafka is away, the end of a consumer may never come, and must not hold up the next one.
    ("ingest/kafka/source.py", "_end"),
    # In the group of `run`, which it keeps while it runs: a command is sent from elsewhere.
    ("ingest/session/downlink.py", "_send"),
    # As above: a message comes by a callback of its transport.
    ("ingest/sip/server.py", "begin"),
    # As above: of the session, which ends with it.
    ("api/forwarding/gb28181/answering.py", "_request"),
    # A document waits for its picture a moment, beside the stream; cut short, the stream could not be read any more.
    ("ingest/cameras/isapi.py", "_read"),
    # What is raised while the link is open goes on as it is: a leader must see that its database has gone.
    ("ingest/mqtt/control.py", "open_link"),
    # Of the connection to a camera: it waits for nothing but answers, tells who reads by an event, and ends with close.
    ("ingest/video/media.py", "listen"),
    # Waits for the first that ends and hands on what it raises as it is; all others are ended and awaited with it.
    ("ingest/video/visits.py", "go"),
}
"""Functions that start tasks without a group, and why."""


def _is_group(annotation: ast.expr | None) -> bool:
    return annotation is not None and ast.unparse(annotation) in {"asyncio.TaskGroup", "TaskGroup"}


def _groups(function: ast.AST) -> set[str]:
    """Names of the task groups of a function: entered in it, or given to it."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.arg) and _is_group(node.annotation):
            found.add(node.arg)
        if isinstance(node, ast.AsyncWith):
            for item in node.items:
                entered = item.context_expr
                if (
                    isinstance(entered, ast.Call)
                    and _is_group(entered.func)
                    and isinstance(item.optional_vars, ast.Name)
                ):
                    found.add(item.optional_vars.id)
    return found


def bare_tasks(tree: ast.AST, function: str = "", groups: frozenset[str] = frozenset()) -> Iterator[tuple[str, int]]:
    """(function, line) of each task that is started outside a task group."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from bare_tasks(node, node.name, groups | _groups(node))
            continue
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            owner = ast.unparse(called.value) if isinstance(called, ast.Attribute) else ""
            if name in STARTS and not (name == "create_task" and owner in groups):
                yield function, node.lineno
        yield from bare_tasks(node, function, groups)


def test_a_task_without_a_group_is_found() -> None:
    source = """
async def bad(loop):
    asyncio.create_task(work())
    create_task(work())
    loop.create_task(work())
    asyncio.ensure_future(work())

async def good(group: asyncio.TaskGroup):
    group.create_task(work())
    async with asyncio.TaskGroup() as other:
        other.create_task(work())
"""
    assert list(bare_tasks(ast.parse(source))) == [("bad", line) for line in (3, 4, 5, 6)]


def test_each_task_lives_in_a_group() -> None:
    found: dict[tuple[str, str], int] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            where, text = str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
            if not any(name in text for name in STARTS):  # to read a module takes 10 ms
                continue
            for function, line in bare_tasks(ast.parse(text)):
                found[where, function] = line
    bare = [
        f"{where}:{line} in {function}"
        for (where, function), line in found.items()
        if (where, function) not in REASONED
    ]
    assert not bare, "give these tasks a TaskGroup"
    assert found.keys() >= REASONED, "an exception that nobody needs any more"
