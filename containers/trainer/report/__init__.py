"""report.html: one page, no request to anywhere, that a person can judge a model by."""
