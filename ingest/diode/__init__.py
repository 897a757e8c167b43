"""Across a data diode (网闸): an edge writes numbered, signed files, and a hub takes each once; nothing comes back."""
