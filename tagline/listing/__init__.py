"""The list file: its rows, its labels, and where its paths lead."""
