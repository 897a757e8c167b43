"""Expressions over metrics, in a part of CEL: parsed and checked by a library, calculated over arrays, never eval."""
