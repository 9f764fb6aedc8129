"""Opened scenarios: opportunities with acceptance tests, pilots measured by query, adoption."""
