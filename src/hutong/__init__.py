"""Hutong: the system an AI innovation hub runs on."""

__version__ = "0.1.0"
