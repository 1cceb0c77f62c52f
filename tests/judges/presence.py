"""What to do when a judge is not here."""

from __future__ import annotations

import os

import pytest

__all__ = ["absent"]


def absent(judge: str, how_to_get_it: str) -> None:
    """Skip the test; under continuous integration fail it, so that no judge is missed by accident."""
    message = f"{judge} is not installed: {how_to_get_it}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
