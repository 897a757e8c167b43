"""How platforms are asked for what was missed: requests and what their answers hold, one file a platform. Pure."""
