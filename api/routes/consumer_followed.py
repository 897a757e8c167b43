"""What consumers that follow the log of alert changes may be beside each other: each has a topic of its own."""

from collections.abc import Mapping
from typing import Any

from psycopg import AsyncConnection

from api.database import row, rows
from api.problems import ProblemError
from api.push.kinds import KINDS, KindName
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)
MOST_FOLLOWED = 8
"""Each costs every process a database connection (api/push/follower.py)."""


async def check_followed(conn: AsyncConnection, code: str, kind: KindName, settings: Mapping[str, Any]) -> None:
    """Refuse (409) one more than MOST_FOLLOWED, and one whose readers would hear what is for another.

    One that is there already may stay as it is. Holds a lock until the transaction ends.
    """
    await row(conn, SQL.followed_lock)
    found = await rows(conn, SQL.followed, {"kinds": [name for name, each in KINDS.items() if each.followed]})
    topics = {each["code"]: (each["kind"], each["name"]) for each in found}
    topic = kind, settings.get("name")
    if topics.get(code) == topic:
        return
    if same := [other for other, its in topics.items() if its == topic and other != code]:
        raise ProblemError(409, Sentence(f"refusal.followed.{kind}", other=same[0]))
    if code not in topics and len(topics) >= MOST_FOLLOWED:
        raise ProblemError(409, Sentence("refusal.followed.many", most=MOST_FOLLOWED))
