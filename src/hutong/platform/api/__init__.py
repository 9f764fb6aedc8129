"""The HTTP face: one typed path per operation, lists and records as pages show them, problem details (RFC 9457)."""

from hutong.platform.api.api import api

__all__ = ["api"]
