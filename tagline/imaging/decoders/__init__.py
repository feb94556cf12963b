"""From a file's bytes to pixels, each format by its own decoder."""
