"""Readings that may come out of order wait, and are judged in the order of their times (docs/DETECTION.md)."""
