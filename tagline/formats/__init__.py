"""What every process shares: names, keys, reasons, and the files that pass between them."""
