"""Two things that ministack does for a root stack and not for a nested one.

It expands the SAM transform: nested-stack code imports the parser when it runs, all others when
they load, so the parser's replacement reaches nested templates alone. And an update keeps the
attributes of a resource that it does not touch, without which Fn::GetAtt on it fails.
"""

import logging
from typing import Any

from local import patching
from local.context import Cloud

_ENGINE = "ministack.services.cloudformation.engine"
_PROVISIONERS = "ministack.services.cloudformation.provisioners"
_STACKS = "ministack.services.cloudformation"
_UPDATE = (
    "resource_type",
    "physical_id",
    "old_props",
    "new_props",
    "stack_name",
    "logical_id",
    "old_attrs",
)


def install(_cloud: Cloud) -> None:
    """Make nested stacks as good as root stacks."""
    _expand_transforms()
    _keep_attributes()


def _expand_transforms() -> None:
    expand = patching.function(
        _ENGINE, "_apply_transforms", "template", "provided_params", "previous_params"
    )
    failed = patching.member(_ENGINE, "_TransformFailed", type)
    parse = patching.function(_ENGINE, "_parse_template", "template_body")

    def parse_expanded(template_body: str) -> dict[str, Any]:
        template = expand(parse(template_body))
        if isinstance(template, failed):
            # a ValueError is what ministack tells a template's author
            raise ValueError(f"a nested template is not valid: {template.error}")  # noqa: TRY004
        return template  # type: ignore[no-any-return]

    logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)
    patching.replace(_ENGINE, "_parse_template", parse_expanded, "template_body")


def _keep_attributes() -> None:
    stacks = patching.member(_STACKS, "_stacks", object)
    update = patching.function(_PROVISIONERS, "_update_resource", *_UPDATE)

    def update_keeping(  # noqa: PLR0917 - ministack's own signature
        resource_type: str,
        physical_id: str,
        old_props: dict[str, Any],
        new_props: dict[str, Any],
        stack_name: str,
        logical_id: str | None = None,
        old_attrs: dict[str, Any] | None = None,
    ) -> tuple[str, dict[str, Any]]:
        if old_attrs is None:  # the call of nested-stack code, which leaves it out
            resources = (stacks.get(stack_name) or {}).get("_resources", {})
            old_attrs = resources.get(logical_id, {}).get("Attributes")
        arguments = (physical_id, old_props, new_props, stack_name, logical_id, old_attrs)
        updated: tuple[str, dict[str, Any]] = update(resource_type, *arguments)
        return updated

    patching.replace(_PROVISIONERS, "_update_resource", update_keeping, *_UPDATE)
