"""Subcommands of `hub`, one topic per file; app.main wires them."""
