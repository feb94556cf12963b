"""The device's own page: both streams side by side, what it says, how it is."""
