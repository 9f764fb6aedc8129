"""What can be done in open competition."""

from hutong.modules.calls.operations import award, call, proposal, review

__all__ = ["award", "call", "proposal", "review"]
