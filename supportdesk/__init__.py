"""Joins the apps: settings, urls, admin site, board, schedules, health, the one-command runner."""
