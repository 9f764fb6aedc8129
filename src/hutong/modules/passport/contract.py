"""The door of the passport."""

from hutong.modules.passport.export import bill_of_materials, bundle
from hutong.modules.passport.models import System, Version
from hutong.modules.passport.queries import (
    Course,
    Gate,
    course,
    system_by_code,
    version_by_code,
)

VERSION_REPLACED = "passport.version.replace"
VERSION_FROZEN = "passport.version.freeze"

__all__ = [
    "VERSION_FROZEN",
    "VERSION_REPLACED",
    "Course",
    "Gate",
    "System",
    "Version",
    "bill_of_materials",
    "bundle",
    "course",
    "system_by_code",
    "version_by_code",
]
