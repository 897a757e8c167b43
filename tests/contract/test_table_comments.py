"""Each table says what it is for, in the terms of docs/GLOSSARY.md."""

from tests.support.batches import fetch

BARE = """
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = current_schema() and c.relkind in ('r', 'p') and not c.relispartition
  and obj_description(c.oid, 'pg_class') is null
order by 1
"""


def test_each_table_has_a_comment(store_url: str) -> None:
    assert fetch(store_url, BARE) == []
