"""Areas of alerts without a device: who sees one follows the areas as they are drawn."""

from collections.abc import Mapping
from typing import Any

import psycopg

from hub.store.statements import statements

SQL = statements(__name__)


async def place(conn: psycopg.AsyncConnection, reach: Mapping[str, Any]) -> None:
    """Place anew what an area may concern; call it last, as `apply`, for all alerts wait until the commit.

    `reach`: `keys` of scopes, and boxes as lists `west`, `east`, `south` and `north` in degrees.
    """
    await conn.execute(SQL.lock)
    await conn.execute(SQL.place, reach)
