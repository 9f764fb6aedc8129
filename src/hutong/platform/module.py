"""A department as a Django app: one base class that opens its rooms in the right order."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig

ROOMS = ("policy", "operations", "gates", "stages", "measures", "pages")


class ModuleConfig(AppConfig):
    """Imports the rooms that declare something, so that the registries are full once Django is ready."""

    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        for room in ROOMS:
            if find_spec(f"{self.name}.{room}") is not None:
                import_module(f"{self.name}.{room}")
