"""Whether what is tagged still is like what the champion was validated on."""
