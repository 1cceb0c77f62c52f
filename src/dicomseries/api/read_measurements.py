"""`read_measurements`: the numbers of a measurement report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dicomseries import measurements, reading

__all__ = ["read_measurements"]


def read_measurements(
    path: reading.SeriesSource,
    *,
    series: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> measurements.MeasurementTable:
    """Return the numbers of a measurement report, of any maker.

    Parameters
    ----------
    path : path-like, Series, or iterable of paths or datasets
        A structured report by TID 1500: its file or folder, or a folder with images beside it; or
        a URL.
    series : str, optional
        SeriesInstanceUID, if there are several reports.
    storage_options : mapping, optional
        Of fsspec, for a URL.

    Returns
    -------
    MeasurementTable
        A `MeasurementRow` for each number, in the order of the report: `segment`, `label`,
        `finding`, `site`, `quantity`, `statistic`, `value`, `unit`. ``.to_csv()`` and
        ``.to_dict()`` (for JSON) hold all of it.

    Raises
    ------
    ReadError
        If there is no report, it is damaged, or it has no measurements.

    Notes
    -----
    PS3.16: numbers (TID 300) in the measurement groups (TID 1410, 1411, 1501) of TID 1500.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from dicomseries.api import measure, write
    >>> array = np.arange(60, dtype="int16").reshape(3, 4, 5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ct, seg, report = (f"{folder}/{name}" for name in ("ct", "seg", "report"))
    ...     _ = write(array, ct, kind="CT", spacing=(1, 1, 2), metadata={"RescaleType": "HU"})
    ...     _ = write(array > 55, seg, kind="Segmentation", like=ct, segments={1: "Liver"})
    ...     _ = measure(seg, source=ct, out=report)
    ...     table = read_measurements(report)
    >>> table.number("Liver", "Volume"), table.number("Liver", "Mean"), table[1].unit.value
    (8.0, 57.5, "[hnsf'U]")
    """
    with reading.local_files(reading.parse_series_files(path), storage_options) as local_path:
        scanned = reading.scan(local_path)
        reports = [
            member for member in scanned.series if measurements.is_report(member.instances[0])
        ]
        if series is None and len(reports) == 1:
            chosen = reports[0]
        else:
            chosen = reading.select(local_path, scanned, series)
        rows: list[measurements.MeasurementRow] = []
        for instance in chosen.instances:
            rows += measurements.table_of_report(instance)
        return measurements.MeasurementTable(tuple(rows))
