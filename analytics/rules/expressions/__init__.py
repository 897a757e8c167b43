"""Rules with an expression: which series it is calculated from, and what it tells of the readings of a batch."""
