"""The parts of the command line `hub`, one subject a file; app.main wires them."""
