"""What can be done in evaluation."""

from hutong.modules.trust.operations import certificate, evaluation, evidence

__all__ = ["certificate", "evaluation", "evidence"]
