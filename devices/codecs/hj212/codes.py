"""What the codes of HJ 212 measure: data in codes.json, each with its clause.

A code that is not there keeps its own name as that of the metric. Where the standard's unit depends on what is
monitored (mg/m3 at a chimney, ug/m3 in the street), none is told: the profile's own counts.
"""

from collections.abc import Mapping

from devices.codecs.code_table import Measured, shipped


def codes() -> Mapping[str, Measured]:
    """By code."""
    return shipped(__package__).metrics
