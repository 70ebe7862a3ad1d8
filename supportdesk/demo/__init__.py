"""The demo: a believable desk with ten weeks of history, loaded through the same services as real life.

Read in this order: load, world, agenda, dates; staff, logins, companies, plans, duty; traffic, openings, scripts,
content_files, wording; conversation, customer_side, letters, replies, triage, pace, files; machines, live, packs,
report.
"""

from supportdesk.demo.load import load_demo
from supportdesk.demo.report import DemoReport, Login

__all__ = ["DemoReport", "Login", "load_demo"]
