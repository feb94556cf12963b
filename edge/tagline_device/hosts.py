"""Names that a laptop cloud gives itself, which no resolver knows."""

_HERE = "127.0.0.1"


def reached_at(host: str) -> str:
    """Return the address of a host: names below .localhost and .127.0.0.1 are this machine's."""
    return _HERE if f".{host}".endswith((".localhost", f".{_HERE}")) else host
