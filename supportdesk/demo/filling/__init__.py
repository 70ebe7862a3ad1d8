"""A desk of any size, for measurements: people and customers by the services, tickets by the hundred thousand as rows.

Read in this order: filling, staffing, lives, story, writing; promises, conversations, mails; texts, tables.
"""

from supportdesk.demo.filling.filling import fill_desk

__all__ = ["fill_desk"]
