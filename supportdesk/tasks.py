"""What the lane of enforcement does, beside the task queue; and this app's tasks for the queue."""

from collections.abc import Callable
from datetime import timedelta

from customers import time_of_record
from escalation.enforcement.sweep_loop import sweep_in_rounds
from escalation.notifications.dispatch import page_urgent
from escalation.notifications.mail_outcomes import deliver_urgent
from escalation.tasks import run_sweep
from supportdesk.accounts.browser_sessions import forget_sessions
from supportdesk.accounts.shared_cache import forget_shared_values
from supportdesk.accounts.sign_in_limits import forget_tries
from supportdesk.accounts.sign_ins import forget_sign_ins
from supportdesk.backup.erasures_beside import keep_list, place_of_list
from supportdesk.backup.scheduled import is_due, start_backup
from supportdesk.personal_data.erasing import erase_what_is_left
from supportdesk.personal_data.nudge import nudge_erasing
from supportdesk.personal_data.retention import remove_old
from supportdesk.processes.cluster.lane import Job
from supportdesk.processes.cluster.reports import report_swept
from supportdesk.storage_trial import try_storage
from tickets.lib.stopping import is_ending
from tickets.services.presence import forget_presences

Pause = Callable[[float], bool]
# Seconds between two looks for something urgent to send, and after a mail server could not be reached.
LOOK_EVERY = 1.0
SERVER_AWAY = 60.0
ERASE_FOR = timedelta(seconds=100)


def sweep_for_a_minute(pause: Pause) -> None:
    sweep_in_rounds(
        read_clock=time_of_record.now, pause=pause, find_jump=time_of_record.find_jump, swept=report_swept
    )


def page(pause: Pause) -> None:
    """Send urgent notifications by chat, SMS, call and webhook, and put their mails into the outbox."""
    page_urgent(read_clock=time_of_record.now)
    pause(LOOK_EVERY)


def mail_pages(pause: Pause) -> None:
    """Send the mails of urgent notifications. Apart from `page`, as a mail server may keep it waiting."""
    report = deliver_urgent(read_clock=time_of_record.now)
    pause(SERVER_AWAY if report.problem else LOOK_EVERY)


LANE: dict[str, Job] = {"sweep": sweep_for_a_minute, "page": page, "mail-pages": mail_pages}


def enforce() -> str:
    """For queues of an earlier release, which schedule this each minute until they are updated."""
    return run_sweep()


def try_files() -> str:
    """Write a small file and remove it again, every minute, so that health knows of a store that cannot be written."""
    return try_storage(at=time_of_record.now())


def back_up() -> str:
    """Start a backup if one is due: every hour, mostly nothing. A failed one is tried again by the next hour's run."""
    if not is_due(now=time_of_record.now()):
        return "not due"
    return f"started {start_backup().pid}"


def go_on_erasing() -> str:
    """Go on with the erasures of personal data that are under way: after each decision, and every ten minutes."""
    ends = time_of_record.now() + ERASE_FOR
    keep_list(place_of_list())
    said = erase_what_is_left(
        read_clock=time_of_record.now, may_go_on=lambda: time_of_record.now() < ends and not is_ending()
    )
    if time_of_record.now() >= ends:  # there is more, and other tasks had their turn
        nudge_erasing()
    return said


def remove_old_data() -> str:
    """Remove what was kept for long enough, every night; what does not fit into one run waits for the next."""
    started = time_of_record.now()
    removed = remove_old(
        now=started, may_go_on=lambda: time_of_record.now() < started + ERASE_FOR and not is_ending()
    )
    done = [
        f"{each.kind.name} {each.count}{'' if each.is_all else ' and more'}" for each in removed if each.count
    ]
    return ", ".join(done) or "nothing is old enough"


def forget_sign_ins_of_old() -> str:
    """Delete what nobody needs any more: old sign-ins, counts and values that are over, who had which page open."""
    now = time_of_record.now()
    forget_tries(at=now)
    forget_sessions(at=now)
    forget_shared_values(at=now)
    forget_presences(at=now)
    return f"{forget_sign_ins(at=now)} sign-ins"
