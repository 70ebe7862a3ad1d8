"""Writing many rows: batches of which one may fail, new rows in bulk, and ending in time."""
