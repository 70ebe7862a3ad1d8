"""Accounts that the desk makes: the first administrator, and passwords that are good for one sign-in.

Read in this order: administrator, one_time_password.
"""
