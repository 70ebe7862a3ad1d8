"""Personal data of contacts and customers: what the desk holds of them, handed out and erased.

Read in this order: subjects, columns, belongings; erasing, stages, removal, nudge; preview, counted_words;
exporting; retention.
"""
