"""The door of ethics."""

from hutong.modules.ethics.queries import Approval, approval_of

__all__ = ["Approval", "approval_of"]
