"""report.html of a recommender, in the style of the trainer's."""
