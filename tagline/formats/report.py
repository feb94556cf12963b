"""What those agree on who write a run's report: the evaluation, and later the shadow."""

BEFORE_IT_SERVED = "<!-- before it served -->"
"""Where the section of the shadow goes."""
