"""List operations: filter, order, page."""

from typing import Any

from local.sagemaker import shapes
from local.sagemaker.errors import invalid
from local.sagemaker.store import Record

_PAGE = 10  # SageMaker's default
_TIMES = {"After": 1, "Before": -1}


def page(
    records: list[Record],
    request: dict[str, Any],
    *,
    name: str,
    status: str,
    summary: str,
    sort_keys: dict[str, str],
) -> tuple[list[Record], str | None]:
    """Return one page of summaries and the token of the next.

    `name` and `status` are the members that NameContains and StatusEquals mean, `summary` the
    API's structure of one entry, `sort_keys` the member behind each value of SortBy (the first
    is the default).
    """
    found = [record for record in records if _matches(record, request, name, status)]
    by = request.get("SortBy", next(iter(sort_keys)))
    if by not in sort_keys:
        raise invalid(f"SortBy {by}: the laptop cloud supports {', '.join(sort_keys)}")
    descending = request.get("SortOrder", "Descending") == "Descending"
    found.sort(key=lambda record: record[sort_keys[by]], reverse=descending)
    start = _offset(request)
    end = start + request.get("MaxResults", _PAGE)
    entries = [shapes.members_of(summary, record) for record in found[start:end]]
    return entries, str(end) if end < len(found) else None


def _matches(record: Record, request: dict[str, Any], name: str, status: str) -> bool:
    wanted = request.get("StatusEquals")
    if wanted is not None and record[status] != wanted:
        return False
    if request.get("NameContains", "").lower() not in record[name].lower():
        return False
    for time in ("CreationTime", "LastModifiedTime"):
        for word, sign in _TIMES.items():
            bound = request.get(time + word)
            if bound is not None and sign * (record[time] - float(bound)) < 0:
                return False
    return True


def _offset(request: dict[str, Any]) -> int:
    token = request.get("NextToken", "0")
    if not token.isdecimal():
        raise invalid(f"NextToken {token[:80]!r} is not one that was given out")
    return int(token)
