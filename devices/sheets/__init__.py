"""Device sheets: reading and validating CSV and XLSX; writing templates, exports and reports. Pure."""
