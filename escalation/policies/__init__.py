"""Policies and contracts: which response windows are promised, and under which terms.

Read in this order: terms, book, stamp_triggers; then editing, contract_windows and preview for people who edit them.
"""
