"""Escalation chains: the steps that fire one after another while nobody answers.

Read in this order: step_times, progress; then step_text, validation and editing, for people who edit chains.
"""
