"""The door of the data department. Gates may hang on `ISSUE`."""

from hutong.modules.datahub.models import DataGrant, DatasetVersion
from hutong.modules.datahub.queries import ReadResult, read_under_grant

ISSUE = "datahub.grant.issue"

__all__ = ["ISSUE", "DataGrant", "DatasetVersion", "ReadResult", "read_under_grant"]
