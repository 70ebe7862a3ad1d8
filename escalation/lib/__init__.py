"""Values and formats that do not depend on promises.

intervals, weeks, rotation; csv_sheets, icalendar; snapshot, read_ahead, garbage, update_by_key, among_keys,
stored_text, merkle; desk_reasons, desk_notes, drill_marks, left_work.
"""
