"""The admin of absences, and of the tickets that an absence moved.

Read in this order: absence, absence_move.
"""
