"""Modbus: answers of registers and coils, read by a map."""
