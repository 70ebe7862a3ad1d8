"""System checks for mistakes that only show in real use: manage.py check --deploy."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.db import connection


def check_deployment(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Each finding has an id and a hint that says how to mend it."""
    found: list[CheckMessage] = []
    if not settings.PRODUCTION:
        hint = "Set DESK_ENVIRONMENT=production, so that unsafe settings are refused."
        found.append(Warning("The desk runs as an embedded one.", hint=hint, id="desk.W001"))
    if connection.vendor == "sqlite":
        hint = "Set DATABASE_URL=postgres://... before several machines or many people use the desk."
        found.append(Warning("The database is SQLite.", hint=hint, id="desk.W002"))
    if not settings.SMTP_URL:
        hint = "Set SMTP_URL=smtp+tls://user:password@host:587."
        found.append(Warning("Answers are written to a folder and reach nobody.", hint=hint, id="desk.W003"))
    if settings.DESK_ADDRESS.endswith(".example"):
        hint = "Set DESK_ADDRESS to the address that customers write to."
        found.append(Warning("The desk has an example address.", hint=hint, id="desk.W004"))
    return found
