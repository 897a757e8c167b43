"""Polling of slaves behind DTUs that dial in."""
