"""Long tasks learn that their cluster stops, in whichever of its processes they run."""

import multiprocessing

from tickets.lib import stopping


def test_every_process_of_a_cluster_hears_of_its_end() -> None:
    assert not stopping.is_ending()
    sentinel = multiprocessing.get_context("fork").Process(target=stopping.end_soon)
    try:
        sentinel.start()
        sentinel.join()
        assert stopping.is_ending()
    finally:
        stopping._ending.value = 0
