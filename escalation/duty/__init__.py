"""Duty rotas: shifts generated ahead, changed by people, and announced at each hand-over.

Read in this order: shifts, moved_shifts, overrides_and_swaps, coverage_gaps, month_grid; handover_mails,
handover_digest, assignment_mails, calendar_feed. For who is on duty now, see `people.on_duty`.
"""
