"""The door of the data department. Gates may hang on `ISSUE`."""

from hutong.modules.datahub.models import DataGrant, DatasetVersion
from hutong.modules.datahub.queries import ReadResult, read_under_grant
from hutong.modules.datahub.rules import check_live

ISSUE = "datahub.grant.issue"

__all__ = ["ISSUE", "DataGrant", "DatasetVersion", "ReadResult", "check_live", "read_under_grant"]
