"""Creates all models of an app in one step of a migration.

After a step that creates one model Django renders again whatever is related to it, which on this desk is nearly
everything: for all models of the desk that is two thirds of the time of `manage.py migrate`.
"""

from django.db.migrations.operations.base import Operation


class CreateModels(Operation):
    """As these `CreateModel` operations one after the other, but the models are rendered once, when all are known."""

    def __init__(self, operations):
        self.operations = operations

    def deconstruct(self):
        return type(self).__name__, [self.operations], {}

    def state_forwards(self, app_label, state):
        state.__dict__.pop("apps", None)  # rendered models; they are rendered again when somebody asks for them
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        for operation in reversed(self.operations):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self):
        return f"Create {len(self.operations)} models"
