"""All tables of the platform app, gathered for Django."""

from hutong.platform.files import StoredFile
from hutong.platform.ledger.tables import Attempt, Checkpoint, Event, Head, Payload, Tile
from hutong.platform.people import OperatorSession, Organisation, Person, RoleGrant, SignInLink, Token
from hutong.platform.records import Serial
from hutong.platform.search import SearchDocument

__all__ = [
    "Attempt",
    "Checkpoint",
    "Event",
    "Head",
    "OperatorSession",
    "Organisation",
    "Payload",
    "Person",
    "RoleGrant",
    "SearchDocument",
    "Serial",
    "SignInLink",
    "StoredFile",
    "Tile",
    "Token",
]
