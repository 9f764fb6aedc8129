"""Data sets, their immutable versions, grants to use them, and every use."""
