"""`look`: a series as a page, picture, or server."""

from __future__ import annotations

import math
import os
import secrets
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache
from typing import Any

from dicomseries import checks, viewing
from dicomseries.errors import DicomSeriesWarning, OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading import LocalFiles, Series, name_of_files, scan, select, select_images
from dicomseries.viewing import VIEWERS, Layer, OpenedViewer, ViewerInput, index_instances

__all__ = ["EMBEDDED_BYTES", "LARGEST_PAGE_BYTES", "Look", "look", "opened_in"]

EMBEDDED_BYTES = 32 << 20
"""Voxels up to this size are part of the page, which then needs no server."""
LARGEST_PAGE_BYTES = 256 << 20
"""Most voxels of a page: browsers fail at texts of more than 512 MB."""
_SHOW_STUDIES = {"ohif"}
"""Viewers that open the study of a series: which series of it is chosen makes no difference."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """A series to look at, and another one over it.

    Parameters
    ----------
    path : path-like, or sequence of str
        Folder or file of the series, or its files.
    series_uid : str
        SeriesInstanceUID.
    layers : tuple of Layer
        The series, then its overlay.
    """

    path: LocalFiles
    series_uid: str
    layers: tuple[Layer, ...]

    @property
    def voxel_bytes(self) -> int:
        """Size of all voxels."""
        size = 0
        for layer in self.layers:
            slabs = layer.volume.slabs
            size += math.prod(slabs.shape) * slabs.dtype.itemsize
        return size

    def html(self) -> str:
        """Return one page that holds everything.

        Raises
        ------
        OptionError
            If the voxels are too many for a page.
        ReadError
            If they cannot be read.
        """
        if self.voxel_bytes > LARGEST_PAGE_BYTES:
            raise OptionError(
                code="page-too-large",
                where=name_of_files(self.path),
                given=f"{self.voxel_bytes >> 20} MiB of voxels",
                expected=f"at most {LARGEST_PAGE_BYTES >> 20} MiB in one page",
                remedy="Leave --html out: the browser is then given the slices one by one.",
            )
        model = {**self._model(), "attributes": self._attributes(), "findings": self._findings()}
        return viewing.page_html(model, list(map(viewing.packed_voxels, self.layers)))

    def png(self) -> bytes:
        """Return the contact sheet, with the overlay.

        Raises
        ------
        MissingPackageError
            If pillow is not installed.
        ReadError
            If the voxels cannot be read.
        """
        return viewing.contact_sheet(self.layers, where="a picture as PNG")

    def site(self) -> viewing.Site:
        """Return the page and its planes for a server."""
        records = {"attributes": cache(self._attributes), "findings": cache(self._findings)}
        if self.voxel_bytes <= EMBEDDED_BYTES:
            return viewing.Site(page=self.html(), planes=(), records=records)
        planes = tuple(viewing.Planes(layer.volume) for layer in self.layers)
        page = viewing.page_html(self._model(), None)
        return viewing.Site(page=page, planes=planes, records=records)

    @contextmanager
    def opened(self) -> Iterator[OpenedViewer]:
        """Give the page on loopback, not served yet."""
        token = secrets.token_urlsafe(16)
        with closing(self.site()) as site, viewing.site_server(site, token) as server:
            address = f"http://127.0.0.1:{server.server_address[1]}/{token}/"
            yield OpenedViewer(
                address=address,
                run=lambda: server.serve_forever(poll_interval=0.1),
                stop=server.shutdown,
            )

    def _model(self) -> dict[str, Any]:
        base = self.layers[0]
        patient = str(base.header.get("PatientName") or base.header.get("PatientID") or "")
        title = " · ".join(filter(None, (base.name, base.kind, patient)))
        return viewing.page_model(self.layers, title=title)

    def _attributes(self) -> dict[str, Any]:
        return viewing.attributes_of(self.layers[0].volume)

    def _findings(self) -> list[dict[str, Any]]:
        findings = checks.check(self.path, series=self.series_uid, validators=False)
        return viewing.findings_of(findings)


def look(
    path: LocalFiles,
    *,
    series: str | None = None,
    overlay: LocalFiles | None = None,
) -> Look:
    """Open a series to look at it.

    Its voxels are read on demand. Irregular slices are shown one by one.

    Parameters
    ----------
    path : path-like
        Folder or file of the series.
    series : str, optional
        SeriesInstanceUID, if there are several; ``"UID/part"`` if one of them has several parts
        (`Series.choice`).
    overlay : path-like, optional
        Another series, such as a segmentation, whose voxels lie on those of the first.

    Raises
    ------
    ReadError
        If there is no such series, or its files are not the slices of one array.
    OptionError
        If the overlay lies elsewhere, or has colours.

    Warns
    -----
    DicomSeriesWarning
        As `read` does.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> found = look(get_testdata_file("CT_small.dcm"))
    >>> found.layers[0].kind, found.voxel_bytes
    ('CT', 32768)
    """
    chosen = _opened(path, series)
    layers = [viewing.layer_of(chosen)]
    if overlay is not None:
        layers.append(viewing.place_overlay(layers[0], viewing.layer_of(_opened(overlay, None))))
    return Look(path=path, series_uid=chosen.choice, layers=tuple(layers))


def opened_in(
    viewer: str,
    path: LocalFiles,
    *,
    series: str | None = None,
    program: str | None = None,
) -> AbstractContextManager[OpenedViewer]:
    """Give a series in another viewer.

    It is not running yet.

    Parameters
    ----------
    viewer : str
        A word of `VIEWERS`: "niivue", "dcmview", "ohif".
    path : path-like
        Folder or file of the series.
    series : str, optional
        SeriesInstanceUID, if there are several; ``"UID/part"`` if one of them has several parts
        (`Series.choice`).
    program : str, optional
        Folder of a viewer that is not a package: the unpacked distribution of OHIF.

    Raises
    ------
    OptionError
        If there is no such viewer, or it is not in the given folder.
    MissingPackageError
        If its package is not installed.
    ReadError
        If there is no such series.

    Warns
    -----
    DicomSeriesWarning
        For files that are damaged.
    """
    if viewer not in VIEWERS:
        viewers = [f"{word} ({module.SUMMARY})" for word, module in VIEWERS.items()]
        raise OptionError(
            code="viewer-unknown",
            where="viewer",
            given=viewer,
            expected=f"one of: {'; '.join(viewers)}",
            remedy="Choose one of them, or leave it out for the quick look.",
        )
    scanned = scan(path)
    if series is None and viewer in _SHOW_STUDIES and _are_one_study(scanned.series):
        series = scanned.series[0].choice
    chosen = select(path, scanned, series)
    for problem in scanned.problems:
        warnings.warn(str(problem), DicomSeriesWarning, stacklevel=2)
    viewer_input = ViewerInput(
        path=_common_path(path),
        series=chosen,
        index=index_instances(scanned.instances),
        token=secrets.token_urlsafe(16),
        boundary=secrets.token_hex(16),
        program=program,
    )
    opened: AbstractContextManager[OpenedViewer] = VIEWERS[viewer].open_viewer(viewer_input)
    return opened


def _are_one_study(series: Sequence[Series]) -> bool:
    return len({each.study_uid for each in series}) == 1


def _common_path(path: LocalFiles) -> str:
    """Return the folder of several files, for programs that take one path."""
    if isinstance(path, (str, os.PathLike)):
        return os.fspath(path)
    return os.path.commonpath(path)


def _opened(path: LocalFiles, series: str | None) -> Series:
    scanned = scan(path)
    chosen = select_images(path, scanned, series)
    viewing.check_shown(name_of_files(path), chosen)
    for problem in (*scanned.problems, *chosen.problems):
        warnings.warn(str(problem), DicomSeriesWarning, stacklevel=3)
    return chosen
