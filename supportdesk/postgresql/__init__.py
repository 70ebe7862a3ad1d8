"""PostgreSQL as Django knows it, with limits for waiting and a name for each session.

Read in this order: base.
"""
