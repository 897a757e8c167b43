"""Change tracking: a reader keeps its last snapshot and fetches rows that were not visible in it.

Rows carry a revision: the id of the transaction that wrote them. Transactions commit in any order, so a highest id
would miss some; `revision >= xmin` alone would read all that was written since the oldest open transaction began,
again and again. A reader asks for

    revision >= pg_snapshot_xmin(since) and not pg_visible_in_snapshot(revision, since)
    and revision < pg_snapshot_xmax(pg_current_snapshot())

where the first part is for the index, and the last one leaves out revisions that a dump has brought from a server
that counted further. Every statement of a look runs in one repeatable read transaction.
"""

from hub.store.statements import statements

SQL = statements(__name__)

NOTHING = "1:1:"
"""The snapshot of a reader that has seen nothing yet."""
