"""What every test of the combined desk gets."""

import pytest

from supportdesk.monitoring import health_view


@pytest.fixture(autouse=True)
def _health_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is busy with other things, an answer after its bound would leave SQLite's tables locked.

    Whether the bound holds is tried in tests/races.
    """
    monkeypatch.setattr(health_view, "SECONDS", 60)
    monkeypatch.setattr(health_view, "QUERY_SECONDS", 60)
