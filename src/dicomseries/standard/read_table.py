"""Tables of the standard as data files of this package."""

from __future__ import annotations

import json
import pkgutil
from typing import Any

__all__ = ["read_table"]


def read_table(name: str, package: str = "dicomseries.standard") -> Any:
    """Return the contents of a data file of a package.

    Examples
    --------
    >>> read_table("image_planes.json")["planes"]["1.2.840.10008.5.1.4.1.1.2"]
    'slices'
    """
    text = pkgutil.get_data(package, f"data/{name}")
    if text is None:
        message = f"{package} is installed without data/{name}"
        raise FileNotFoundError(message)
    return json.loads(text)
