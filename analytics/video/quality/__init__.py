"""Faults of a camera's picture: one file each."""
