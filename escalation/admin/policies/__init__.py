"""The admin of what is promised: policies, calendars and contracts, with their previews."""
