"""Nested stacks written in SAM: ministack expands the transform in a root template only.

Its nested-stack code imports the parser when it runs, all others when they load, so the parser's
replacement reaches nested templates alone.
"""

import logging
from typing import Any

from local import patching
from local.context import Cloud

_ENGINE = "ministack.services.cloudformation.engine"


def install(_cloud: Cloud) -> None:
    """Expand a nested template's transforms as soon as it is parsed."""
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
