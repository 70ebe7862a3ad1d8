"""Two versions at once: the code of the last release works on a database that is migrated already.

Needs git and the release's commit, so a clone with its whole history.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.upgrades.desks import ROOT, Desk
from tests.upgrades.releases import releases, unpack

pytestmark = pytest.mark.upgrades

AT_WORK = ROOT / "tests" / "upgrades" / "at_work.py"


@pytest.fixture(scope="module")
def last_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the last release."""
    folder = tmp_path_factory.mktemp("release")
    unpack(next(iter(releases().values())), folder)
    return folder


def test_the_last_release_takes_mail_and_answers_on_the_new_schema(
    new_desk: Callable[[], Desk], last_release: Path
) -> None:
    desk = new_desk()
    desk.migrate()
    done = json.loads(desk.run(str(AT_WORK), code=last_release).splitlines()[-1])
    assert done == {"state": "processed", "answers": 1}
    desk.run("manage.py", "verify_ledger")
