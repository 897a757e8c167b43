"""Sheets of devices: CSV and XLSX read and checked cell by cell; templates, exports and reports written. Pure."""
