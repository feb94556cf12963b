"""Ratings files: every line becomes an accepted rating or a reject, then channels and histories."""
