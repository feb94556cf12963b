"""What each step of a run needs, beside the limit that it meets: pure rules, a module a step."""
