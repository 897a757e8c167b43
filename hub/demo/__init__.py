"""`hub demo`: the whole hub on one machine, with servers of its own and a simulated city."""

from hub.demo.run import run_demo

__all__ = ["run_demo"]
