"""What makes the repository's generated files; nothing of the product imports it."""
