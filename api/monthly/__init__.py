"""The report of a month: what it tells is read (figures.py, load.py), written as blocks, and printed by api/pdf."""
