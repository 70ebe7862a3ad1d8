"""The admin of policies, calendars and contracts, with their previews.

Read in this order: policy, policy_form, outdated_terms, coverage_warning; calendar, calendar_form; contract,
contract_window; preview, customer_preview.
"""
