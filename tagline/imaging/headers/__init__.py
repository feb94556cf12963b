"""What a file says of its image, before a decoder sees it."""
