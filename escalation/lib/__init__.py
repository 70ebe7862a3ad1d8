"""What knows nothing of promises: values and formats.

intervals, weeks, rotation; csv_sheets, icalendar; update_by_key, desk_reasons, drill_marks.
"""
