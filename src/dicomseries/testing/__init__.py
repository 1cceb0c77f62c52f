"""Tests for extensions: hypothesis strategies and contracts to subclass.

``pip install "dicomseries[testing]"`` brings hypothesis and pytest, not needed elsewhere in the
package.

- `grids`, `directions`, `dtypes`, `arrays`, `volumes` are strategies: images as they occur, and as
they should not. - `SourceContract` holds the promises of every array and file format read by
`dicomseries.open_volume`. - `SinkContract` holds the promises of every target of a series.
"""

from __future__ import annotations

from dicomseries.errors import missing_package

try:
    import hypothesis  # noqa: F401 - imported here, so that its pip line is named
    import pytest
except ImportError as error:
    package = error.name or ""
    raise missing_package(extra="testing", where="dicomseries.testing", package=package) from error

pytest.register_assert_rewrite(f"{__name__}.contracts")

from dicomseries.testing.contracts import SinkContract, SourceContract  # noqa: E402 - after that
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
