"""Mail out, from a row in the outbox to the server.

Read in this order: reply_mail, outbox, unsubscribing, compose, outcomes, delivery.
"""
