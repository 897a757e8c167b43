"""Which character stands between the cells of a CSV file, by its header. Pure."""

import re

DELIMITERS = ",;\t|，；"
"""Comma first. Spreadsheets write what the locale says; fullwidth ones come from headers that were typed by hand."""


def delimiter_of(header: str) -> str:
    """The one that a header line has most often outside quotes; a comma where it has none."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=bare.count)  # of equals the first
