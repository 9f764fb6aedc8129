"""The platform as one Django app: its tables carry the label ``platform``."""

from django.apps import AppConfig


class PlatformConfig(AppConfig):
    name = "hutong.platform"
    label = "platform"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from hutong.platform import sqlite

        sqlite.assert_pragmas_on_connect()
