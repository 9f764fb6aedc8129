"""One Django app per department of the hub, in lane order."""
