"""Devices as platforms of carriers and clouds know them."""
