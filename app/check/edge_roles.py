"""`hub check` for the roles that edges connect as: one that was made before a table of theirs lacks its right."""

from app.check.finding import Finding
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)


async def check_edge_roles(settings: Settings) -> list[Finding]:
    """A warning for each right that a role lacks, with the statement that grants it; else nothing."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                lacking = await (await conn.execute(SQL.lacking)).fetchall()
    except HubError:
        return []  # the database's own findings say so
    return [
        Finding(
            "warn",
            f"the role {role} of edges lacks {right} on {things}",
            f"as the owner of the tables: grant {right} on {things} to {role}   (docker/edge-role.sql has all of them)",
        )
        for role, right, things in lacking
    ]
