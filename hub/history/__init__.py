"""History from files: CSV and Parquet into the store, in bulk, once each, whatever happens in between."""
