"""Django glue, written once for all modules."""
