"""Builds: a specification and granted data become a model file whose parity is proven."""
