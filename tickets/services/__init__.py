"""What can be done with tickets and mail: one function per change of state.

Read in this order: locking, timeline, spelled_addresses; opening, first_owner, conversation, stored_files, unanswered,
origins, closings, status_and_priority, priority_writing, proposals, ownership, tags, merging, domain_claims,
naming_customers, participants, failed_responses, mail_marks, submissions, presence; mailboxes, mailbox_folders,
access_tokens, connecting, leases, fetching, downloading, maildrops, mailbox_alarms, importing, mailbox_comparison,
connection_test, watching, intake (mail in), late_words, outgoing (mail out), automatic_mail_limits, evidence, erasing.
"""
