"""Updates: signed, fetched, checked, tried, and switched to at one moment; or refused."""
