"""Importing a sheet of devices into the registry: checked against it, compared with it, stored in one transaction."""
