"""The statement that ends the history of cases that are over."""

from hub.store.statements import statements

SQL = statements(__name__)

EXPIRE = SQL.expire
"""Deletes at most `batch` cases that ended `days` ago, with their steps and clocks."""
