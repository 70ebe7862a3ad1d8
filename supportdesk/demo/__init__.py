"""The demo: a realistic desk with ten weeks of history, loaded through the same services as real traffic.

Read in this order: load, world, agenda, backdating; staff, logins, companies, plans, duty; traffic, openings,
scripts, content_files, wording; conversation, customer_side, customer_mail, replies, triage, reply_delays,
files; machines, open_tickets, packs, report. A desk of any size, for measurements, is in filling.
"""

from supportdesk.demo.load import load_demo
from supportdesk.demo.report import DemoReport, Login

__all__ = ["DemoReport", "Login", "load_demo"]
