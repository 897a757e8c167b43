"""How far a snapshot of the database has seen: what is committed later is found by its revision."""

from hub.store.statements import statements

SQL = statements(__name__)
