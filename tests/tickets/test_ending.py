"""Long tasks learn that their cluster stops, in whichever of its processes they run."""

import multiprocessing

from tickets import ending


def test_every_process_of_a_cluster_hears_of_its_end() -> None:
    assert not ending.is_ending()
    sentinel = multiprocessing.get_context("fork").Process(target=ending.end_soon)
    try:
        sentinel.start()
        sentinel.join()
        assert ending.is_ending()
    finally:
        ending._ending.value = 0
