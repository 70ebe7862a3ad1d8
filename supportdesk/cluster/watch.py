"""What the cluster's main process does while the cluster runs: it watches the sentinel, who watches the others."""

import logging
import os
import signal
import sys
import time
from multiprocessing.process import BaseProcess

from supportdesk.cluster.sentinel import FAULT, guarded_at

logger = logging.getLogger(__name__)
# A sentinel may wait for a database that is away; after so long (seconds) without a round it hangs.
PATIENCE = 60.0


def watch(sentinel: BaseProcess) -> None:
    """Return when the cluster was stopped in order; else end this process with a status that says it was not."""
    while sentinel.is_alive():
        sentinel.join(1)
        silent = time.monotonic() - guarded_at.value
        if sentinel.is_alive() and silent > PATIENCE:
            logger.critical("The sentinel of the cluster has hung for %.0f seconds", silent)
            _end(sentinel)
    if sentinel.exitcode:
        logger.critical("The sentinel of the cluster ended (exit status %s)", sentinel.exitcode)
        _end(sentinel)


def _end(sentinel: BaseProcess) -> None:
    """Leave no orphan that goes on working: those of this process group are ended with it."""
    sentinel.kill()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGTERM)
    sys.exit(FAULT)
