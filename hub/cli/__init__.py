"""The parts of the command line `hub`, one subject a file; hub.main wires them."""
