"""The door of the department of parties."""

from hutong.modules.parties.models import Organisation, Person
from hutong.modules.parties.queries import holds_role, houses_of, organisation_name, organisation_names

__all__ = ["Organisation", "Person", "holds_role", "houses_of", "organisation_name", "organisation_names"]
