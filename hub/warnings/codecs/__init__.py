"""Codecs: pure functions that read official warnings, one form a module."""
