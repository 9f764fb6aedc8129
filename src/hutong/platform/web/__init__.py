"""The web face: pages drawn from the registries, and the places where a person lives."""
