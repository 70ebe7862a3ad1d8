"""Numbers that leave the desk: the frozen weekly pack, and any filtered list as CSV.

Read in this order: pack, period, promises, scorecard.
"""
