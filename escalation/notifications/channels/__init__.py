"""Sends one text to one address outside: chat, SMS, call or webhook. Uses no database.

Read in this order: delivery, payload; apprise_services, refusals, webhook; outcomes.
"""
