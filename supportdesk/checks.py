"""System checks: the queue's settings at each start, and `check --deploy` for problems of real use."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning
from django.db import DatabaseError, connection

from escalation.proof.rights import can_rewrite_ledger
from supportdesk.telemetry.starting import unusable
from tickets.protocols.dkim_signing import SigningProblem, check_key

SHORTEST_TOKEN = 20


def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn at each start of what nobody notices otherwise: a misspelt variable, passwords in the clear."""
    findings: list[CheckMessage] = [
        Warning(
            f"The variable {name} is set, but the desk has no such setting.",
            hint=f"Did you mean {like}?",
            id="desk.W009",
        )
        for name, like in settings.MISSPELT_SETTINGS
    ]
    findings += [
        Warning(f"{name} is not used: {problem}.", hint="Correct it, or take it out.", id="desk.W011")
        for name, problem in unusable.items()
    ]
    if settings.PRODUCTION and settings.IS_PLAIN_HTTP:
        hint = (
            "Put a proxy with TLS in front, set SITE_URL to its https:// address and remove ALLOW_PLAIN_HTTP."
        )
        text = "Passwords and customers' words cross the network in the clear."
        findings.append(Warning(text, hint=hint, id="desk.W010"))
    return findings


def check_deployment(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check the deployment; each finding has an id and a hint that says how to fix it."""
    findings: list[CheckMessage] = []
    if not settings.PRODUCTION:
        hint = "Set DESK_ENVIRONMENT=production, so that unsafe settings are refused."
        findings.append(Warning("The desk runs as an embedded one.", hint=hint, id="desk.W001"))
    if connection.vendor == "sqlite":
        hint = "Set DATABASE_URL=postgres://... before several machines or many people use the desk."
        findings.append(Warning("The database is SQLite.", hint=hint, id="desk.W002"))
    if not settings.ENCRYPTION_KEYS:
        hint = (
            "Set ENCRYPTION_KEYS to random characters of its own, then run manage.py rotate_keys. Until then a new "
            "SECRET_KEY needs the old one among SECRET_KEY_FALLBACKS."
        )
        text = "Stored passwords are encrypted by the key that signs."
        findings.append(Warning(text, hint=hint, id="desk.W011"))
    if not settings.SMTP_URL:
        hint = "Set SMTP_URL=smtp+tls://user:password@host:587."
        findings.append(
            Warning("Answers are written to a folder and reach nobody.", hint=hint, id="desk.W003")
        )
    if settings.DESK_ADDRESS.endswith(".example"):
        hint = "Set DESK_ADDRESS to the address that customers write to."
        findings.append(Warning("The desk has an example address.", hint=hint, id="desk.W004"))
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < SHORTEST_TOKEN:
        hint = f"Set METRICS_TOKEN to {SHORTEST_TOKEN} random characters or more."
        findings.append(Warning("The token of /metrics can be guessed.", hint=hint, id="desk.W005"))
    if "redis" in settings.Q_CLUSTER:
        hint = "The minute tasks find such work again. Leave REDIS_URL out where a minute is too long."
        findings.append(Info("Redis loses the task that a killed worker held.", hint=hint, id="desk.I001"))
    return findings


def check_rights(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check whether the desk's database user may rewrite the ledger. Asks the database."""
    if connection.vendor == "sqlite":
        return []  # desk.W002 says what to do
    try:
        is_kept_out = not can_rewrite_ledger(connection)
    except DatabaseError as error:
        hint = "Start PostgreSQL and check DATABASE_URL, then run this again."
        return [Warning(f"The database does not answer. {error}", hint=hint, id="desk.W008")]
    hint = "Run the desk as a role that does not own its tables: see PostgreSQL in the operator's guide."
    found = Warning("The desk's database user could rewrite the ledger.", hint=hint, id="desk.W007")
    return [] if is_kept_out else [found]


def check_signing(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check that outgoing mail can be signed, if a key is set. It leaves in any case, so this is a warning."""
    if not settings.DKIM_KEY_FILE:
        return []
    try:
        check_key()
    except SigningProblem as problem:
        hint = "Set DKIM_KEY_FILE to an RSA key in PEM form that the desk may read, and DKIM_SELECTOR to its selector."
        return [Warning(f"Outgoing mail is not signed. {problem}", hint=hint, id="desk.W006")]
    return []


LONGEST_TASK = 100  # seconds; bounded by tickets.tasks.process_stored, as the sweep stops after 55
LEAST_WORKERS = 2


def check_queue(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check Q_CLUSTER, whose values depend on each other; the settings give the reason beside each value."""
    return [
        Error(text, hint=f"{hint} See Q_CLUSTER in supportdesk/settings.py.", id=f"desk.{number}")
        for number, is_wrong, text, hint in _queue_rules(settings.Q_CLUSTER)
        if is_wrong
    ]


def _queue_rules(queue: dict[str, Any]) -> Iterator[tuple[str, bool, str, str]]:
    """Each rule's id, whether it is broken, the consequence and the remedy. Missing values are django-q2's defaults."""
    workers, timeout = queue.get("workers") or 0, queue.get("timeout") or 0
    limit, retry = queue.get("queue_limit", workers**2), queue.get("retry", 60)
    yield (
        "E101", workers < LEAST_WORKERS,
        "Mail that goes out would hold up mail that comes in.",
        f"Set QUEUE_WORKERS to {LEAST_WORKERS} or more.",
    )  # fmt: skip
    yield (
        "E102", timeout < 2 * LONGEST_TASK,
        "Tasks would be cut off while they do their work.", f"Set timeout to {2 * LONGEST_TASK} or more.",
    )  # fmt: skip
    yield (
        "E103", retry < 2 * timeout,
        "Tasks that wait or still run would be started a second time.", "Set retry to twice the timeout or more.",
    )  # fmt: skip
    yield (
        "E104", queue.get("max_attempts", 0) != 1 or not queue.get("ack_failures", False),
        "A task that fails would be tried again without end.", "Set max_attempts to 1 and ack_failures to True.",
    )  # fmt: skip
    yield (
        "E105", bool(queue.get("catch_up", True)),
        "After an outage every missed minute would be run, half a minute apart.", "Set catch_up to False.",
    )  # fmt: skip
    yield (
        "E106", not workers <= limit <= 2 * workers,
        "Tasks would wait here while workers of another machine are idle.", "Set queue_limit to the number of workers.",
    )  # fmt: skip
    yield (
        "E107", queue.get("save_limit", 250) >= 0,
        "A row would be written and pruned for each task.", "Set save_limit to -1.",
    )  # fmt: skip
    yield (
        "E108", not 0 < queue.get("poll", 0.2) <= 2,
        "New mail would lie about, or the database be asked without pause.", "Set poll to 0.5.",
    )  # fmt: skip
    yield (
        "E109", not 0 < queue.get("guard_cycle", 0.5) <= 5,
        "A dead process of the cluster would be noticed late.", "Set guard_cycle to 1.",
    )  # fmt: skip
    yield (
        "E110", not str(queue.get("broker_class", "")).startswith("supportdesk.processes.cluster."),
        "A dead cluster would hide behind those of other machines.",
        "Set broker_class to one of supportdesk.processes.cluster.",
    )  # fmt: skip
