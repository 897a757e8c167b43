"""Sheets of devices: CSV and XLSX in, checked cell by cell; templates, exports and reports out."""
