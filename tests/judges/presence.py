"""Missing programs."""

from __future__ import annotations

import os

import pytest

__all__ = ["absent"]


def absent(judge: str, how_to_get_it: str) -> None:
    """Skip the test; under continuous integration fail it."""
    message = f"{judge} is not installed: {how_to_get_it}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
