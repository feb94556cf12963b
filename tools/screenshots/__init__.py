"""Pictures of the page for README and docs, of a running demo, so that they can be made again."""
