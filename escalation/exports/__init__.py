"""Exports: the frozen weekly pack, its corrections, and any filtered list of tickets as CSV.

Read in this order: due_packs makes what is due of the weeks that due_weeks names; pack builds the files and freezes
them by pack_files; tickets_csv, promises (which judges the clock_rows, and out of the ledger those that past_rows
makes), promises_csv, scorecard (with held_seconds and proposal_incidents), incidents_csv and highlights make their
rows, and column_meanings says what the columns mean; changed_judgements finds what a correction changes and
changes_csv lists it; pack_mail mails a pack to the subscribers, pack_zip makes one file of it, team_pack makes the
part of it that a lead may read, summary reads it for the director, redaction takes erased people out.
ticket_list_csv is the download of a filtered list. All of them read the database by bulk_reading; the times of tickets
pass as text, by written_times.
"""
