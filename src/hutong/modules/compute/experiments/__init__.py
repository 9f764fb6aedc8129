"""What if: a period of the hub replayed as it was and as it would have been."""
