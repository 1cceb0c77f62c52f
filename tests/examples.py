"""How often a property is tried."""

from __future__ import annotations

from hypothesis import settings

__all__ = ["examples"]

_USUAL = 60
"""Examples of a plain property where `count` of them are tried."""


def examples(count: int) -> settings:
    """Return settings with `count` examples where others have 60, and that share elsewhere."""
    profile = settings.get_profile(settings.get_current_profile_name())
    return settings(max_examples=max(2, count * profile.max_examples // _USUAL))
