"""Exports: the frozen weekly pack, and any filtered list of tickets as CSV.

Read in this order: pack builds and freezes the files; tickets_csv, promises (which judges them), promises_csv,
scorecard (with held_seconds and proposal_incidents), incidents_csv and highlights make their rows, and column_meanings
says what the columns mean; pack_mail mails them to the subscribers, pack_zip makes one file of them, summary reads them
for the director. ticket_list_csv is the download of a filtered list. All of them read the database by bulk_reading.
"""
