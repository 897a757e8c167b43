"""Detectors run over labelled files, as the hub would run them."""
