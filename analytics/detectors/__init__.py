"""Streaming detectors: how unusual a reading is, given its series' past."""
