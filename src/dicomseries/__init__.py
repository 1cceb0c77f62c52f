"""Write any array as a DICOM series that every viewer reads right, and prove it."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dicomseries.api import *

__version__: str
"""Version of the installed package."""

__all__ = [
    "CodedConcept",
    "Derivation",
    "DicomSeriesError",
    "DicomSeriesWarning",
    "Digits",
    "Exact",
    "Finding",
    "Findings",
    "Grid",
    "Htj2k",
    "Jpeg2000",
    "JpegLs",
    "JpegXl",
    "Lossless",
    "Receipt",
    "Rescale",
    "Rle",
    "Scan",
    "SegmentDescription",
    "Series",
    "SeriesPlan",
    "SeriesTags",
    "SeriesVolume",
    "Volume",
    "check",
    "diffusion_gradients",
    "explain",
    "open_volume",
    "plan",
    "read",
    "scan",
    "tags",
    "write",
]


def __getattr__(name: str) -> Any:
    """Import everything when the first name is used.

    So importing the package itself costs nothing, and ``--help`` stays quick.
    """
    if name == "__version__":
        globals()[name] = _installed_version()
        return globals()[name]
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    api = importlib.import_module("dicomseries.api")
    globals().update((public, getattr(api, public)) for public in __all__)
    return globals()[name]


def _installed_version() -> str:
    from importlib import metadata  # noqa: PLC0415 - it costs more than all else here

    try:
        return metadata.version("dicomseries")
    except metadata.PackageNotFoundError:  # run from a source tree
        return "0+unknown"


def __dir__() -> list[str]:
    special = {name for name in globals() if name.startswith("__")}
    return [*__all__, *sorted(special | {"__version__"})]


class _Facade(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        # Whoever imports the package dicomseries.plan binds it to this name, which is that of the
        # function.
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Facade
