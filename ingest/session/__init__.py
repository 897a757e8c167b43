"""Sessions of what dials in: framing apart from connection, and that apart from who a station is."""
