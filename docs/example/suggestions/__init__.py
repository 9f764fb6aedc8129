"""What people suggest to the hub, and what the hub answered."""
