"""Clocks, each one promise on one ticket, and the ledger that proves them.

Read in this order: lifecycle, running_again, updates_and_resolution, resolution_again, earlier_answers, endings,
revocation, ledger, line_hashes; merging, lead_decisions, lowered_priority, missed_priorities, older_questions,
rejected_proposals, outdated_terms, customer_terms, terms_from_start, pause_lines, forgotten_pauses; replay,
ledger_verification, ledger_guard; acknowledgements, served_channels and urgency for the screens.
"""
