"""What numbers depend on, and where files go."""
