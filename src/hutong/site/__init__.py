"""Settings, addresses and the only place that sees all modules."""
