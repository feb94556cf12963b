"""Corrections of tags: taken, found the rows of, and merged into a list."""
