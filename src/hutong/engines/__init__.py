"""The computing: functions over arrays, files and plain records. Each is usable alone from a notebook."""
