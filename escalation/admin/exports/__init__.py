"""The admin of weekly packs and their subscribers.

Read in this order: weekly_export, summary_page, subscriber.
"""
