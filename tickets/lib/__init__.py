"""Tools for work on many rows.

Read in this order: batches (one row that fails spoils no other), bulk_insert, stopping (end before the queue does).
"""
