import gc

import pytest

from escalation.lib.garbage import OBJECTS, rare_garbage_collection


def broken_work():
    with rare_garbage_collection():
        assert gc.get_threshold()[0] == OBJECTS
        raise ValueError("broken")


def test_the_threshold_is_as_before_afterwards_whatever_happens():
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="broken"):
        broken_work()
    assert gc.get_threshold() == before
