"""Escalation chains: the steps that a promise follows when nobody answers.

Read in this order: lookup, step_times, progress; then step_text, validation and editing for people who edit chains.
"""
