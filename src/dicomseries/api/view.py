"""`look`: a series on disk as a page, a picture, or a server for a browser on this machine."""

from __future__ import annotations

import math
import os
import secrets
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from dicomseries import checks, viewing
from dicomseries.errors import DicomSeriesWarning, OptionError
from dicomseries.reading import Series, scan, select
from dicomseries.viewing import VIEWERS, Layer, OpenedViewer, ViewerInput, index_instances

__all__ = ["EMBEDDED_BYTES", "LARGEST_PAGE_BYTES", "Look", "look", "opened_in"]

EMBEDDED_BYTES = 32 << 20
"""Voxels up to this size stand in the page that is served; it then lives on without its server."""
LARGEST_PAGE_BYTES = 256 << 20
"""Voxels that a page may hold: browsers give up on texts of more than 512 MB, and people long before."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """A series that is looked at, and another one over it.

    Parameters
    ----------
    path : str
        Where the series is.
    series_uid : str
        Which of those there.
    layers : tuple of Layer
        The series, then what lies over it.
    """

    path: str
    series_uid: str
    layers: tuple[Layer, ...]

    @property
    def voxel_bytes(self) -> int:
        """Size of all voxels."""
        return sum(
            math.prod(one.volume.slabs.shape) * one.volume.slabs.dtype.itemsize
            for one in self.layers
        )

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
                where=self.path,
                given=f"{self.voxel_bytes >> 20} MiB of voxels",
                expected=f"at most {LARGEST_PAGE_BYTES >> 20} MiB in one page",
                remedy="Leave --html out: the browser is then given the slices one by one.",
            )
        model = {**self._model(), "attributes": self._attributes(), "findings": self._findings()}
        return viewing.page_html(model, [viewing.packed_voxels(layer) for layer in self.layers])

    def png(self) -> bytes:
        """Return the contact sheet.

        Raises
        ------
        MissingPackageError
            If pillow is not installed.
        ReadError
            If the voxels cannot be read.
        """
        return viewing.contact_sheet(self.layers[0], where="a picture as PNG")

    def site(self) -> viewing.Site:
        """Return what a server has to show: small volumes within the page, others plane by plane."""
        is_small = self.voxel_bytes <= EMBEDDED_BYTES
        return viewing.Site(
            page=self.html() if is_small else viewing.page_html(self._model(), None),
            planes=() if is_small else tuple(viewing.Planes(layer.volume) for layer in self.layers),
            records={"attributes": cache(self._attributes), "findings": cache(self._findings)},
        )

    @contextmanager
    def opened(self) -> Iterator[OpenedViewer]:
        """Give the page at the one address, on loopback, that is answered; it has yet to be run."""
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
        return viewing.page_model(
            self.layers, title=" · ".join(filter(None, (base.name, base.kind, patient)))
        )

    def _attributes(self) -> dict[str, Any]:
        return viewing.attributes_of(self.layers[0].volume)

    def _findings(self) -> list[dict[str, Any]]:
        return viewing.findings_of(
            checks.check(self.path, series=self.series_uid, validators=False)
        )


def look(
    path: str | os.PathLike[str],
    *,
    series: str | None = None,
    overlay: str | os.PathLike[str] | None = None,
) -> Look:
    """Open a series to look at it; its voxels are read when they are shown.

    Parameters
    ----------
    path : path-like
        Folder or file of the series.
    series : str, optional
        SeriesInstanceUID, where there are several.
    overlay : path-like, optional
        Another series, such as a segmentation, whose voxels lie on those of the first.

    Raises
    ------
    ReadError
        If there is no such series, or its files are not one regular grid.
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
    return Look(path=os.fspath(path), series_uid=chosen.series_uid, layers=tuple(layers))


def opened_in(
    viewer: str,
    path: str | os.PathLike[str],
    *,
    series: str | None = None,
    program: str | None = None,
) -> AbstractContextManager[OpenedViewer]:
    """Give a series in a viewer of others; it has yet to be run.

    Parameters
    ----------
    viewer : str
        A word of `VIEWERS`: "niivue", "dcmview", "ohif".
    path : path-like
        Folder or file of the series.
    series : str, optional
        SeriesInstanceUID, where there are several.
    program : str, optional
        Folder of the viewer, where it is not installed as a package: the unpacked distribution of OHIF.

    Raises
    ------
    OptionError
        If there is no such viewer, or not where it was said to be.
    MissingPackageError
        If its package is not installed.
    ReadError
        If there is no such series.

    Warns
    -----
    DicomSeriesWarning
        Of files that are damaged.
    """
    if viewer not in VIEWERS:
        raise OptionError(
            code="viewer-unknown",
            where="viewer",
            given=viewer,
            expected="one of: "
            + "; ".join(f"{word} ({known.SUMMARY})" for word, known in VIEWERS.items()),
            remedy="Choose one of them, or leave it out for the quick look.",
        )
    found = scan(path)
    chosen = select(path, found, series)
    for problem in found.problems:
        warnings.warn(str(problem), DicomSeriesWarning, stacklevel=2)
    viewer_input = ViewerInput(
        path=os.fspath(path),
        series=chosen,
        index=index_instances(instance for one in found.series for instance in one.instances),
        token=secrets.token_urlsafe(16),
        boundary=secrets.token_hex(16),
        program=program,
    )
    shown: AbstractContextManager[OpenedViewer] = VIEWERS[viewer].open_viewer(viewer_input)
    return shown


def _opened(path: str | os.PathLike[str], series: str | None) -> Series:
    found = scan(path)
    chosen = select(path, found, series)
    viewing.check_regular(os.fspath(path), chosen)
    for problem in (*found.problems, *chosen.problems):
        warnings.warn(str(problem), DicomSeriesWarning, stacklevel=3)
    return chosen
