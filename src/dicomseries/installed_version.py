"""Version of the installed package."""

from __future__ import annotations

from importlib import metadata

__all__: list[str] = []


def _installed_version() -> str:
    try:
        return metadata.version("dicomseries")
    except metadata.PackageNotFoundError:  # run from a source tree
        return "0+unknown"


__version__ = _installed_version()
