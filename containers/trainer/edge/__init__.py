"""`package`: a champion's model as the archive that devices fetch, by choice quantized."""
