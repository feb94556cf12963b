"""What machines cost: the price table, and sums over it."""
