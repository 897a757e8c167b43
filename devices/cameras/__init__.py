"""Calling cameras: HTTP with digest, ISAPI and ONVIF over it, through the guard of outgoing calls."""
