"""Who changed which setting-like row, from what to what; and people who may read everything and change nothing.

Read in this order: registration, row_names, sentences, middleware. Reasons: "The audit is django-auditlog" in
.github/decisions/accounts.md.
"""
