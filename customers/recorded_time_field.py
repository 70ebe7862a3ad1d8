"""A column that is stamped with the time of record when its row is created."""

from datetime import datetime
from typing import Any

from django.db import models

from customers import time_of_record


class RecordedTimeField(models.DateTimeField):  # type: ignore[type-arg]  # it takes none when it runs
    """Django's `auto_now_add` by the time of record. For migrations it is the plain column that it is."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options | {"auto_now_add": True})

    def pre_save(self, model_instance: models.Model, add: bool) -> datetime:
        if add:
            setattr(model_instance, self.attname, time_of_record.now())
        at: datetime = getattr(model_instance, self.attname)
        return at

    def deconstruct(self) -> Any:
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, options
