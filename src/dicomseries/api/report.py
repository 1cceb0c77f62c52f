"""The report of a write: the receipt, what the files show now, how far they are from the source, and the findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.api.check import check
from dicomseries.api.read import read
from dicomseries.drawing import Histogram, histogram_of, sampled_slices
from dicomseries.reports import Receipt
from dicomseries.sources import Volume
from dicomseries.values import limits_in
from dicomseries.writing import in_order_of

__all__ = ["report_page"]


def report_page(
    receipt: Receipt,
    source: Volume,
    *,
    command: str,
    clip: tuple[float, float] | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> str:
    """Return the report of a write as an HTML page that fetches nothing.

    Parameters
    ----------
    receipt : Receipt
        Of the write.
    source : Volume
        What was written. A few of its slices are read again, and compared with those of the files.
    command : str
        What makes the same series again.
    clip : tuple of float, optional
        As `write` was given it.
    storage_options : mapping, optional
        Of fsspec, where the series is at a URL.

    Raises
    ------
    ReadError, SourceError
        If the series or its source cannot be read any more.
    """
    written = read(receipt.out, series=receipt.series_uid, storage_options=storage_options)
    return receipt.to_html(
        command=command,
        look=written.look(),
        errors=_errors(source, written, clip),
        findings=check(receipt.out, series=receipt.series_uid, storage_options=storage_options),
    )


def _errors(source: Volume, written: Volume, clip: tuple[float, float] | None) -> Histogram | None:
    """Return how far voxels of a few slices are from the source; None where the two are not voxel by voxel the same."""
    meant = in_order_of(written.grid, source).along_normal()
    if meant.slabs.shape != written.slabs.shape:
        return None
    return histogram_of(
        np.stack(
            [_difference(meant, written, clip, at) for at in sampled_slices(meant.slabs.shape[0])]
        )
    )


def _difference(
    meant: Volume, written: Volume, clip: tuple[float, float] | None, at: int
) -> npt.NDArray[Any]:
    wanted, found = (
        np.asarray(one.slabs.read(at, at + 1)[0], dtype=np.float64) for one in (meant, written)
    )
    wanted = wanted * meant.slope + meant.intercept
    if clip is not None:
        wanted = np.clip(wanted, *limits_in(meant.slabs.dtype, clip, meant.slope, meant.intercept))
    both = np.isfinite(wanted) & np.isfinite(
        found
    )  # NaN that was replaced is counted by the receipt
    return np.subtract(found, wanted, where=both, out=np.zeros(wanted.shape))
