"""Python reads this as it starts: the clock of its host is off by CLOCK_OFF seconds, as nobody set it right."""

import os
from datetime import UTC, datetime, timedelta

if os.environ.get("CLOCK_OFF"):
    import time_machine

    wrong = datetime.now(UTC) + timedelta(seconds=float(os.environ["CLOCK_OFF"]))
    time_machine.travel(wrong, tick=True).start()
