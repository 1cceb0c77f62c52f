"""Marks of tests that need what some systems lack."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

__all__ = ["needs_links", "not_on_windows"]


def not_on_windows(reason: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(sys.platform == "win32", reason=reason)


def _may_link() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            Path(folder, "link").symlink_to(Path(folder, "gone"))
        except OSError:
            return False
    return True


needs_links = pytest.mark.skipif(not _may_link(), reason="this user may not make symbolic links")
