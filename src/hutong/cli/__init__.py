"""The terminal's face: `hutong`. Built-in verbs here, one verb per declared operation generated when it is asked for."""

from hutong.cli.app import main

__all__ = ["main"]
