"""Import of device sheets into the registry, in one transaction."""
