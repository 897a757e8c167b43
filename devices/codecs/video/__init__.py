"""Findings of the hub's own analysis of video."""
