"""Copies a whole desk exactly: to another database, into a backup, and back.

Read in this order: desk_tables, connecting; sqlite_rows, postgresql_rows, loading; migrating,
moving; encryption, backup_files, manifest, desk_files, keys, making, bucket_backups, erasures_beside;
restoring, verifying, scheduled.
"""
