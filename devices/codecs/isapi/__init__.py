"""Hikvision ISAPI: what cameras and recorders say of their events."""
