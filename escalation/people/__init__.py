"""The staff at one moment, and the people it yields: who is on duty, who stands in, who is next in line.

Read in this order: staff_snapshot, on_duty, absence_cover, next_in_line, page_target.
"""
