"""Each table and column of the migrated schema is in the inventory, with a class and a level."""

from hub.access.inventory import TABLES
from tests.support.batches import fetch

COLUMNS = """
select c.table_name, c.column_name from information_schema.columns c
where c.table_schema = current_schema()
  and not exists (select from pg_class p where p.oid = format('%I.%I', c.table_schema, c.table_name)::regclass
                  and p.relispartition)
"""


def test_each_column_has_a_class_and_a_level(store_url: str) -> None:
    stored = {(table, column) for table, column in fetch(store_url, COLUMNS)}
    known = {(name, column) for name, table in TABLES.items() for column in table.levels}
    assert sorted(stored - known) == [], "classify them in hub/access/inventory.py"
    assert sorted(known - stored) == [], "hub/access/inventory.py names what is not stored"
