"""Clips of what happened before a camera, cut from its last seconds, in blocks, in the process that decodes them."""
