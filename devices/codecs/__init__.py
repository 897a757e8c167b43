"""Codecs: pure functions that decode device payloads, one payload format per module."""
