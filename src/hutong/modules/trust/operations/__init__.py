"""What can be done in evaluation."""

from hutong.modules.trust.operations import asking, certificate, evaluation, evidence, service

__all__ = ["asking", "certificate", "evaluation", "evidence", "service"]
