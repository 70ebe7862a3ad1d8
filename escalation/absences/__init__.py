"""Absences: the tickets of somebody away move to whoever stands in, and are offered back.

Read in this order: moving, returning.
"""
