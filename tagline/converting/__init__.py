"""From tables, folders and other tools' exports to a list with labels.txt, and back."""
