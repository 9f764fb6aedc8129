"""Computing centres, chip-time that cannot be overdrawn, jobs that are metered."""
