"""How laws are tried: without a time limit for each example, which a busy machine would break."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
