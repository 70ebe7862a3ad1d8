"""Accounts created by the desk: the first administrator, and passwords that are valid for one sign-in.

Read in this order: administrator, one_time_password, reader.
"""
