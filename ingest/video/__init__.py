"""Frames of cameras: streams are read in child processes, which decode and analyse them; the hub decodes nothing."""
