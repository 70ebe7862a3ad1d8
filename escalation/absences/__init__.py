"""Absences: tickets of an absent person move to their stand-in, and are offered back.

Read in this order: moving, returning.
"""
