"""How often a property is tried."""

from __future__ import annotations

from hypothesis import settings

__all__ = ["examples"]

_USUAL = 60


def examples(count: int) -> settings:
    """Return settings with `count` examples, or a share of them under another profile than "ci"."""
    profile = settings.get_profile(settings.get_current_profile_name())
    return settings(max_examples=max(2, count * profile.max_examples // _USUAL))
