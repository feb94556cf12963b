"""Which images are kept for validation."""
