"""The admin of notifications and of the ways by which people are reached.

Read in this order: notification, contact_way.
"""
