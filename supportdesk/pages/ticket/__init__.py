"""The page of one ticket, and the form for tickets entered by hand.

Read in this order: admin, page, shown_words, whole_words, actions, newer, together, forms; opening, customer_card,
lead_options, promise_columns, list_export.
"""
