"""Working time: what a calendar says, and when a window that counts working time ends.

Read in this order: hours, definitions, due_time, month_table, lookup; public_holidays, whole_holidays,
chinese_holidays, holiday_names, holiday_watch; then hours_text, validation, editing and usage for people who edit
calendars.
"""
