"""Colours of states in lists: Unfold's label variant for each value."""

from tickets.choices import IntakeState, OutboxState, Priority, Status

PRIORITY = {Priority.P0: "danger", Priority.P1: "warning", Priority.P2: "info", Priority.P3: "primary"}
STATUS = {
    Status.NEW: "warning",
    Status.OPEN: "info",
    Status.WAITING: "primary",
    Status.RESOLVED: "success",
    Status.CLOSED: "default",
}
INTAKE = {
    IntakeState.STORED: "info",
    IntakeState.PROCESSED: "success",
    IntakeState.PARKED: "warning",
    IntakeState.FAILED: "danger",
    IntakeState.DISMISSED: "info",
}
OUTBOX = {
    OutboxState.QUEUED: "info",
    OutboxState.SENDING: "info",
    OutboxState.ACCEPTED: "success",
    OutboxState.DEFERRED: "warning",
    OutboxState.FAILED: "danger",
    OutboxState.BOUNCED: "danger",
}
