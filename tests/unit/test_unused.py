"""Nothing in the house is unused, and what finds it does find it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import unused
from tests.support.unused import ROOT, code_findings, kept_findings, module_findings, sql_findings

FINDERS: list[Callable[[Path], Iterator[str]]] = [code_findings, kept_findings, module_findings, sql_findings]
TOY = {
    "app/main.py": """
        import hub.used
        from hub.used import SQL as USED
        hub.used.greet(USED.there, USED.missing)
        """,
    "hub/used.py": """
        SQL = statements(__name__)
        def greet(*words): return words, SQL.own
        def forgotten(): pass
        """,
    "hub/alone.py": "",
    "hub/used.sql": "-- name: there\nselect 1\n-- name: own\nselect 2\n-- name: left\nselect 3\n",
    "hub/orphan.sql": "-- name: x\nselect 4\n",
}


@pytest.mark.heavy
def test_nothing_is_unused() -> None:
    assert [finding for find in FINDERS for finding in find(ROOT)] == []  # one test: they share what they read


def test_what_is_unused_or_missing_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unused, "KEPT", {"gone": "it was there once"})
    for name, text in TOY.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(line.removeprefix(" " * 8) for line in text.split("\n")), encoding="utf-8")
    assert sorted(finding for find in FINDERS for finding in find(tmp_path)) == [
        "app/main.py:4: there is no block missing in the SQL of hub.used",
        "hub/alone.py: nothing imports this module",
        "hub/orphan.sql: nothing uses the block x",
        "hub/used.py:4: nothing uses the function forgotten",
        "hub/used.sql: nothing uses the block left",
        "tests/support/unused.py: gone is used, or gone: take it out of KEPT",
    ]
