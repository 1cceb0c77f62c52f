"""Tests for extensions: hypothesis strategies and contracts to subclass.

``pip install "dicomseries[testing]"`` brings hypothesis and pytest, which nothing else of the package needs.

- `grids`, `directions`, `dtypes`, `arrays`, `volumes` are strategies: images as they occur, and as they should not.
- `SourceContract` holds what every array and file format promises that `dicomseries.open_volume` reads.
- `SinkContract` holds what every place promises that a series is written to.
"""

from __future__ import annotations

from dicomseries.errors import missing_package

try:
    import hypothesis  # noqa: F401 - asked for here, so that a missing one is named with its pip line
    import pytest
except ImportError as error:
    package = error.name or ""
    raise missing_package(extra="testing", where="dicomseries.testing", package=package) from error

pytest.register_assert_rewrite(f"{__name__}.contracts")

from dicomseries.testing.contracts import SinkContract, SourceContract  # noqa: E402 - after the rewriting is asked for
from dicomseries.testing.strategies import (  # noqa: E402 - as above
    arrays,
    directions,
    dtypes,
    grids,
    lengths_mm,
    positions_mm,
    volumes,
)

__all__ = [
    "SinkContract",
    "SourceContract",
    "arrays",
    "directions",
    "dtypes",
    "grids",
    "lengths_mm",
    "positions_mm",
    "volumes",
]
