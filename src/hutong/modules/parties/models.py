"""The tables of parties live in the platform, which must know who acts; here they get the states of this department."""

from hutong.modules.parties.lifecycle import ORGANISATION, PERSON, ROLE_GRANT, SESSION
from hutong.platform.people import OperatorSession, Organisation, Person, RoleGrant

Organisation.lifecycle = ORGANISATION
Person.lifecycle = PERSON
RoleGrant.lifecycle = ROLE_GRANT
OperatorSession.lifecycle = SESSION

__all__ = ["OperatorSession", "Organisation", "Person", "RoleGrant"]
