"""Absences and departures: tickets of somebody who cannot have them move to their stand-in, and are offered back.

Read in this order: moving, leaving, returning.
"""
