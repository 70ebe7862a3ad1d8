"""The queue's tasks for the escalation app. Each may run twice, also at the same time."""

from customers import time_of_record
from escalation.absences.leaving import follow_departures
from escalation.absences.moving import move_from_absent
from escalation.absences.returning import offer_back
from escalation.drills.drills import end_finished_drills
from escalation.duty.handover_mails import tell_changes
from escalation.duty.shifts import generate_all
from escalation.enforcement.heartbeats import beat
from escalation.enforcement.sweep import revisit_unplanned
from escalation.enforcement.sweep_loop import SWEEP, sweep_once
from escalation.exports.due_packs import make_due_packs
from escalation.models import Heartbeat
from escalation.notifications.dispatch import dispatch_due
from escalation.proof import sealing
from escalation.proof.whole_proof import LedgerProof, prove_all, prove_new
from escalation.working_time.editing import refresh_holidays

__all__ = ["LEDGER", "START", "SWEEP"]

LEDGER = "ledger"
START = "start"  # heartbeat of the one-command runner


def run_sweep() -> str:
    """Enforce the promises once and leave the heartbeat that health and the supervisor watch."""
    return str(sweep_once(read_clock=time_of_record.now))


def look_again_at_promises() -> str:
    """Have the sweep visit open promises that have no next step planned. Runs every hour."""
    return f"looked at {revisit_unplanned(now=time_of_record.now())}"


def dispatch_notifications() -> str:
    """Send the notifications that are due: every minute and, when nudged, after each new notification."""
    return str(dispatch_due(read_clock=time_of_record.now))


def export_due_weeks() -> str:
    """Freeze the pack of each week that is due, and correct the frozen ones: every ten minutes, mostly nothing."""
    made = make_due_packs(at=time_of_record.now())
    return ", ".join(map(str, made)) or "nothing due"


def seal_ledger() -> str:
    """Seal what was written to the ledger since the last seal, every hour."""
    return f"sealed={sum(seal.lines for seal in sealing.seal_ledger(at=time_of_record.now()))}"


def verify_ledger() -> str:
    """Check what is new in the ledger, every night; all of it after a run that found something wrong."""
    proof = prove_all() if _found_wrong() else prove_new(now=time_of_record.now())
    return _record(proof)


def verify_whole_ledger() -> str:
    """Seal what the hourly runs may have missed, and check the whole ledger, every week."""
    sealing.seal_ledger(at=time_of_record.now(), whole=True)
    return _record(prove_all())


def record_proof(proof: LedgerProof) -> None:
    """Record a heartbeat whose detail begins with the number of mismatches; the health page shows it."""
    wrong = len(proof.mismatches)
    first = f": {proof.mismatches[0]}" if wrong else ""
    beat(LEDGER, at=time_of_record.now(), detail=f"{wrong} of {proof.clocks}{first}")


def _record(proof: LedgerProof) -> str:
    record_proof(proof)
    return f"clocks={proof.clocks} mismatches={len(proof.mismatches)} unsealed={proof.unsealed}"


def _found_wrong() -> bool:
    last = Heartbeat.objects.filter(name=LEDGER).first()
    return last is not None and not last.detail.startswith("0 ")


def renew_holidays() -> str:
    """Give country calendars the holidays of another year, and those that a newer library contains."""
    renewed = refresh_holidays(at=time_of_record.now())
    return ", ".join(str(version) for version in renewed) or "unchanged"


def follow_absences() -> str:
    """Move the tickets of people who left or are absent to their stand-ins, and offer them back to who has returned."""
    now = time_of_record.now()
    departures = follow_departures(now=now)
    report = move_from_absent(now=now)
    return f"{report} {departures} offered={offer_back(now=now)}"


def end_drills() -> str:
    """End fire drills that were acknowledged, reached the end of their chain, or ran long enough."""
    return f"ended={end_finished_drills(now=time_of_record.now())}"


def generate_shifts() -> str:
    """Keep the shifts of every rota generated eight weeks ahead."""
    return str(generate_all(at=time_of_record.now()))


def tell_shift_changes() -> str:
    """Mail both people at each change of shift what is open."""
    return f"told={tell_changes(now=time_of_record.now())}"
