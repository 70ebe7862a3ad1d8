"""Duty rotas: shifts made ahead, changed by people, and told at each change of hands.

Read in this order: shifts, overrides, coverage_gaps, month_grid; handover_mails, handover_digest, assignment_mails,
calendar_feed. Who is on duty now is asked of `people.on_duty`.
"""
