"""The staff at one moment, and whom it names: who is on duty, who stands in, who is next in line.

Read in this order: staff_snapshot, on_duty, absence_cover, next_in_line, page_target.
"""
