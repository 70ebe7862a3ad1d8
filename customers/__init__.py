"""Customers: who writes to us, what they bought, and who looks after them.

Read in this order: choices, names, phrases, time_of_record, recorded_time_field, encryption_keys,
encrypted_field, times, stored_times, search, models,
access, finding, mail_domains, services (contracts, hierarchy, deputies), admin; errors, indexes, joined_rows,
label_changes, public_domains, addresses, lock_waits, traces, work_ids.
"""
