"""Detectors over what is received: a stage, the states of series, and how they are kept."""
