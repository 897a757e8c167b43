"""Stations and platforms that speak the protocols of the field, and behave as real ones do."""
