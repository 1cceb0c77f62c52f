"""Tables of the standard as data files of this package."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

__all__ = ["read_table"]


def read_table(name: str, package: str = "dicomseries.standard") -> Any:
    """Return the contents of a data file of a package.

    Examples
    --------
    >>> read_table("image_planes.json")["planes"]["1.2.840.10008.5.1.4.1.1.2"]
    'slices'
    """
    file = resources.files(package) / "data" / name
    return json.loads(file.read_text(encoding="utf-8"))
