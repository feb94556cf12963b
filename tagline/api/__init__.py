"""The HTTP API's rules: what a request may say, what it is answered, what it may cost."""
