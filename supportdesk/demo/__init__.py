"""The demo: a believable desk with ten weeks of history, loaded through the same services as real life."""

from supportdesk.demo.load import load_demo
from supportdesk.demo.report import DemoReport, Login

__all__ = ["DemoReport", "Login", "load_demo"]
