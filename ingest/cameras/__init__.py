"""Cameras that are asked for their events, thousands on one loop, and those that push them."""
