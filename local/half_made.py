"""A deployment that was killed is begun again: what it had just made is no obstacle.

Buckets are on disk at once, stacks some seconds later. After a kill in between, a bucket is there
that no stack knows, and AWS's rule that its name is taken would make each new deployment fail.
An account goes on with a stack whose deployment was killed; here nobody does, and sam takes its
own stack, the one of the bucket it uploads to, only whole.
"""

from typing import Any

from local import patching

_S3 = "ministack.services.s3"
_STACKS = "ministack.services.cloudformation"
_PROVISIONERS = f"{_STACKS}.provisioners"
_SAM_STACK = "aws-sam-cli-managed-default"


def install() -> None:
    """Let a stack have an empty bucket of the name it wants, where no stack has it."""
    buckets: Any = patching.member(_S3, "_buckets", object)
    has_versions = patching.function(_S3, "_bucket_has_versions", "name")
    stacks: Any = patching.member(_STACKS, "_stacks", object)
    conflict = patching.function(_PROVISIONERS, "s3_bucket_name_conflict", "name")

    def conflict_with_use(name: str) -> str | None:
        used = (buckets.get(name) or {}).get("objects") or has_versions(name)
        if name in buckets and not used and not _owned(stacks, name):
            del buckets[name]  # the stack makes it anew, with the settings it wants
        found: str | None = conflict(name)
        return found

    patching.replace(_PROVISIONERS, "s3_bucket_name_conflict", conflict_with_use, "name")


def forget() -> None:
    """Drop what a deployment that was killed left, and the next one makes anew.

    That is sam's own stack without its bucket, and each nested stack that its parent does not know
    yet: the parent makes another, under another name.
    """
    stacks: Any = patching.member(_STACKS, "_stacks", object)
    changes: Any = patching.member(_STACKS, "_change_sets", object)
    if _SAM_STACK in stacks and not stacks[_SAM_STACK]["Outputs"]:
        del stacks[_SAM_STACK]
        for name in [name for name, it in changes.items() if it["StackName"] == _SAM_STACK]:
            del changes[name]
    for name, stack in list(stacks.items()):
        # a parent knows its nested stacks by their ids
        if "ParentId" in stack and not _owned(stacks, stack["StackId"]):
            del stacks[name]


def _owned(stacks: Any, name: str) -> bool:
    """Tell whether a stack has a resource of that name, or id."""
    return any(
        resource.get("PhysicalResourceId") == name
        for stack in stacks.values()
        for resource in stack.get("_resources", {}).values()
    )
