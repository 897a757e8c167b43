"""The hub's SQL statements: one file each under sql/, read once."""

from functools import cache
from importlib.resources import files


@cache
def load(name: str) -> str:
    """The text of `sql/<name>.sql`; FileNotFoundError when there is none."""
    return (files("hub.store") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
