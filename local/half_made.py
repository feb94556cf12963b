"""A deployment that was killed is begun again: a bucket it had just made is no obstacle.

Buckets are on disk at once, stacks some seconds later. After a kill in between, a bucket is there
that no stack knows, and AWS's rule that its name is taken would make each new deployment fail.
"""

from typing import Any

from local import patching

_S3 = "ministack.services.s3"
_PROVISIONERS = "ministack.services.cloudformation.provisioners"


def install() -> None:
    """Let a stack have an empty bucket of the name it wants, where no stack has it."""
    buckets: Any = patching.member(_S3, "_buckets", object)
    has_versions = patching.function(_S3, "_bucket_has_versions", "name")
    stacks: Any = patching.member("ministack.services.cloudformation", "_stacks", object)
    conflict = patching.function(_PROVISIONERS, "s3_bucket_name_conflict", "name")

    def conflict_with_use(name: str) -> str | None:
        used = (buckets.get(name) or {}).get("objects") or has_versions(name)
        if name in buckets and not used and not _owned(stacks, name):
            del buckets[name]  # the stack makes it anew, with the settings it wants
        found: str | None = conflict(name)
        return found

    patching.replace(_PROVISIONERS, "s3_bucket_name_conflict", conflict_with_use, "name")


def _owned(stacks: Any, bucket: str) -> bool:
    """Tell whether a stack has a bucket among its resources."""
    return any(
        resource.get("PhysicalResourceId") == bucket
        for stack in stacks.values()
        for resource in stack.get("_resources", {}).values()
    )
