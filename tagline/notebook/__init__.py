"""For notebooks and scripts that work with the stack by SageMaker's Python SDK, version 2 or 3.

`connect()` gives a session, a role and a bucket of the deployed stack, by the same lines on the
laptop cloud and on an account. It needs the SDK beside this package: notebooks/requirements.txt,
or requirements/sdk_v3.txt for version 3. The other modules are for version 2.
"""

from tagline.notebook.connection import Connection, connect

__all__ = ["Connection", "connect"]
