"""Exports: the frozen weekly pack, and any filtered list of tickets as CSV.

Read in this order: pack builds and freezes the files; tickets_csv, promises (which judges them), promises_csv and
scorecard, with proposal_incidents, make their rows; pack_mail mails them to the subscribers. All of them read the
database through bulk_reading.
"""
