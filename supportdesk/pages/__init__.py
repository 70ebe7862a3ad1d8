"""The desk's own pages, which combine several apps on one screen.

board, ticket, customer, contact, personal_data, ticket_filter, explain, scorecards, operations, my_settings,
shortcuts, help, first_password;
attached_mail; acknowledge_link, unsubscribe and shift_calendar for links in mails; script_words, faults, errors.
"""
