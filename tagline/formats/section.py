"""What a section of dataset.yaml is."""

from typing import dataclass_transform

import msgspec


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that belong together."""
