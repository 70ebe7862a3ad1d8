"""Combines the apps: settings, admin site, board, schedules, health, the one-command runner.

Read in this order: settings, env, admin_look, allauth_settings, page_headers, private_files, buckets, static_files,
secrets, log_lines, telemetry, work_kinds, postgresql; site, navigation, urls, pages, templatetags, admin;
encrypted_values; schedules, schedule_inspection, storage_trial, tasks, processes, backup, monitoring; accounts,
audit, personal_data, middleware, readable_input, models, checks, theme_words, wsgi; demo.
"""
