"""What the queue runs for the escalation app. Each may run twice, or at the same time as itself."""

from django.utils import timezone

from escalation.absences.moving import move_from_absent
from escalation.absences.returning import offer_back
from escalation.clocks.verification import Verification, verify
from escalation.drills.drills import end_finished_drills
from escalation.duty.handover_mails import tell_changes
from escalation.duty.shifts import generate_all
from escalation.enforcement.heartbeats import beat
from escalation.enforcement.sweep import revisit_unplanned
from escalation.enforcement.sweep_loop import SWEEP, sweep_once
from escalation.exports.pack import desk_zone, export_week
from escalation.lib.weeks import last_complete_week
from escalation.notifications.dispatch import dispatch_due
from escalation.working_time.editing import refresh_holidays

__all__ = ["LEDGER", "START", "SWEEP"]

LEDGER = "ledger"
START = "start"  # left by the one-command runner


def run_sweep() -> str:
    """Enforce the promises once and leave the heartbeat that health and the supervisor watch."""
    return str(sweep_once(read_clock=timezone.now))


def look_again_at_promises() -> str:
    """Every hour: whatever fell out of the sweep's sight is put before it again."""
    return f"looked at {revisit_unplanned(now=timezone.now())}"


def dispatch_notifications() -> str:
    """Every minute and, nudged, after each fact that people are told of: send what is due."""
    return str(dispatch_due(read_clock=timezone.now))


def export_last_week() -> str:
    """Freeze the pack of the last week that is over in the desk's zone; a second run changes nothing."""
    now = timezone.now()
    return str(export_week(week=last_complete_week(now, desk_zone()), at=now, actor=None))


def verify_ledger() -> str:
    """The nightly proof; health shows its result."""
    found = verify_whole_ledger()
    return f"clocks={found.clocks} mismatches={len(found.mismatches)}"


def verify_whole_ledger() -> Verification:
    """Replay every promise and leave the result as a heartbeat, whose detail begins with the number of mismatches."""
    found = verify()
    first = f": {found.mismatches[0]}" if found.mismatches else ""
    beat(LEDGER, at=timezone.now(), detail=f"{len(found.mismatches)} of {found.clocks}{first}")
    return found


def renew_holidays() -> str:
    """Calendars of countries take on the holidays of another year, or those that a newer library knows."""
    renewed = refresh_holidays(at=timezone.now())
    return ", ".join(str(version) for version in renewed) or "unchanged"


def follow_absences() -> str:
    """What people who are away owe goes to who stands in, and is offered back to those who returned."""
    now = timezone.now()
    report = move_from_absent(now=now)
    return f"{report} offered={offer_back(now=now)}"


def end_drills() -> str:
    """Fire drills that were acknowledged, came to the end of their chain, or ran long enough."""
    return f"ended={end_finished_drills(now=timezone.now())}"


def generate_shifts() -> str:
    """Keep the shifts of every rota eight weeks ahead."""
    return str(generate_all(at=timezone.now()))


def tell_shift_changes() -> str:
    """What goes on, told to both people at each change of shift."""
    return f"told={tell_changes(now=timezone.now())}"
