"""Cameras that talk to the hub as real ones do."""
