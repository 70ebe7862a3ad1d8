"""The admin of notifications and of the contact ways through which people are reached.

Read in this order: notification, contact_way.
"""
