"""The squashed migrations: they say what the files say that they replace, and Django uses them only where it may."""

from collections.abc import Iterator
from random import Random

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from tests.upgrades.replaced import EARLIER, end_of

APPS = ("customers", "tickets", "escalation", "supportdesk")

Key = tuple[str, str]
History = frozenset[Key]


@pytest.fixture(scope="module")
def loader() -> MigrationLoader:
    return MigrationLoader(None, replace_migrations=False)


def squashed(loader: MigrationLoader) -> dict[str, Key]:
    return {key[0]: key for key, migration in loader.disk_migrations.items() if migration.replaces}


def replaced(loader: MigrationLoader, app: str) -> list[Key]:
    return loader.disk_migrations[squashed(loader)[app]].replaces


def histories(loader: MigrationLoader) -> Iterator[History]:
    """What a desk may have applied of the replaced files: from none to all, each time on another way.

    At the end what a desk has that was made from earlier squashed files.
    """
    files = sorted(key for app in APPS for key in replaced(loader, app))
    for length in range(len(files) + 1):
        chance, done = Random(length), set()
        while len(done) < length:
            done.add(
                chance.choice([key for key in files if key not in done and parents(loader, key) <= done])
            )
        yield frozenset(done)
    yield made_from_the_earlier_squashed_files(files)


def made_from_the_earlier_squashed_files(files: list[Key]) -> History:
    return frozenset(EARLIER.items()) | {
        (app, name) for app, name in files if name[:4] <= end_of(EARLIER[app])
    }


def parents(loader: MigrationLoader, key: Key) -> set[Key]:
    return {parent.key for parent in loader.graph.node_map[key].parents if parent.key[0] in APPS}


def still_to_do(loader: MigrationLoader, history: History) -> set[Key]:
    """An app that has begun the replaced files goes on with them; one that has not takes the squashed file."""
    todo = set()
    for app, key in squashed(loader).items():
        files = set(replaced(loader, app))
        todo |= files - history if files & history else {key}
    return todo


def test_each_app_has_one_squashed_migration_and_it_replaces_all_files_before_it(loader):
    assert sorted(squashed(loader)) == sorted(APPS)
    for app, (_app, name) in squashed(loader).items():
        files = sorted(key for key in loader.disk_migrations if key[0] == app and key != (app, name))
        last = f"{end_of(name)}_"
        end = next(place for place, key in enumerate(files, 1) if key[1].startswith(last))
        assert replaced(loader, app) == files[:end]
        assert name == f"0001_squashed_{files[end - 1][1]}"


@pytest.mark.parametrize("app", APPS)
def test_models_and_their_options_are_what_the_replaced_files_say(loader, app):
    old = loader.project_state([replaced(loader, each)[-1] for each in APPS])
    new = loader.project_state(list(squashed(loader).values()))
    described = [
        {key: (list(model.fields), model) for key, model in state.models.items() if key[0] == app}
        for state in (old, new)
    ]
    assert described[0] == described[1]


def test_a_desk_goes_on_from_wherever_it_stands(loader, monkeypatch):
    others = {key for key in loader.disk_migrations if key[0] not in APPS}
    ours = {key for app in APPS for key in replaced(loader, app)} | set(squashed(loader).values())
    for history in histories(loader):
        applied = dict.fromkeys(others | history)
        monkeypatch.setattr(
            MigrationRecorder, "applied_migrations", lambda _recorder, applied=applied: dict(applied)
        )
        executor = MigrationExecutor(connection)
        executor.loader.check_consistent_history(connection)
        assert executor.loader.detect_conflicts() == {}
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        assert {(step.app_label, step.name) for step, _backwards in plan} & ours == still_to_do(
            loader, history
        )
