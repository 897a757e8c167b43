"""The statement that ends the history of alerts that are over; alerts change nowhere but in apply.py."""

from hub.store.statements import statements

SQL = statements(__name__)

EXPIRE = SQL.expire
"""Deletes at most `batch` alerts that are over and unchanged for `days`, with their changes and deliveries."""
