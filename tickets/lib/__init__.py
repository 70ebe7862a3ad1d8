"""Tools for work on many rows, for files, and for connections.

Read in this order: batches (one row that fails spoils no other), single_row, many_rows, waiting_rows (rows of many
pieces of work go out together), bulk_insert, count_together, stopping (end before the queue does), durable_files (whole
and on the disk, or not there), object_storage (in a bucket), free_space, tls (whom clients trust).
"""
