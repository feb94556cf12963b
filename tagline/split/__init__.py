"""Which side of the split an image is on: decided, balanced over labels, remembered."""
