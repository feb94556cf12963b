"""For notebooks and scripts that work with the stack by SageMaker's Python SDK, version 2.

`connect()` gives a session, a role and a bucket of the deployed stack, by the same lines on the
laptop cloud and on an account. It needs `sagemaker`, as in notebooks/requirements.txt.
"""

from tagline.notebook.connection import Connection, connect

__all__ = ["Connection", "connect"]
