"""The admin of escalation chains, shared by the pages of policies and contracts.

Read in this order: inline, form, page.
"""
