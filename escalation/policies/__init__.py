"""Policies and contracts: which windows are promised, under which terms.

Read in this order: terms, starting_terms; then editing, contract_windows and preview for people who edit them.
"""
