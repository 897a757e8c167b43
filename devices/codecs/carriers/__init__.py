"""Messages of carriers' and clouds' platforms, as they are pushed: one platform a module."""
