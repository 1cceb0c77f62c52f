"""The report of a write: receipt, preview, errors and findings."""

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
    source: Volume | None,
    *,
    command: str,
    clip: tuple[float, float] | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> str:
    """Return the report of a write as an HTML page.

    It fetches nothing.

    Parameters
    ----------
    receipt : Receipt
        Of the write.
    source : Volume or None
        The input. A few of its slices are read again, and compared with those of the files. None
        for labels.
    command : str
        Command that makes the same series again.
    clip : tuple of float, optional
        As `write` was given it.
    storage_options : mapping, optional
        Of fsspec, if the series is at a URL.

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


def _errors(
    source: Volume | None, written: Volume, clip: tuple[float, float] | None
) -> Histogram | None:
    """Return the errors of a few slices."""
    if source is None:
        return None
    expected = in_order_of(written.grid, source).along_normal()
    if expected.slabs.shape != written.slabs.shape:
        return None
    slices = sampled_slices(expected.slabs.shape[0])
    return histogram_of(np.stack([_error(expected, written, clip, index) for index in slices]))


def _error(
    expected: Volume, written: Volume, clip: tuple[float, float] | None, index: int
) -> npt.NDArray[Any]:
    source = np.asarray(expected.slabs.read(index, index + 1)[0], dtype=np.float64)
    real = source * expected.slope + expected.intercept
    restored = np.asarray(written.slabs.read(index, index + 1)[0], dtype=np.float64)
    if clip is not None:
        limits = limits_in(expected.slabs.dtype, clip, expected.slope, expected.intercept)
        real = np.clip(real, *limits)
    # the receipt counts NaN that was replaced
    are_finite = np.isfinite(real) & np.isfinite(restored)
    return np.subtract(restored, real, where=are_finite, out=np.zeros(real.shape))
