"""Cameras and platforms that register over SIP (GB/T 28181): the hub is their server, and asks and tells them."""
