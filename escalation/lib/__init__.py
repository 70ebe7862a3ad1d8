"""Values and formats that know nothing of promises.

intervals, weeks, rotation; csv_sheets, icalendar; update_by_key, desk_reasons, drill_marks.
"""
