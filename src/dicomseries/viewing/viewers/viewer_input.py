"""Input of an external viewer, and the opened viewer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading import Series
from dicomseries.viewing.dicomweb import SeriesIndex

__all__ = ["OpenedViewer", "ViewerInput"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ViewerInput:
    """A series to show.

    Parameters
    ----------
    path : str
        Its folder or file.
    series : Series
        The series in it.
    index : SeriesIndex
        All files there, for viewers of a whole folder.
    token, boundary : str
        Random: for the address, and between the parts of an answer.
    program : str or None
        Folder of the viewer, if it is not installed as a package.
    """

    path: str
    series: Series
    index: SeriesIndex = field(repr=False)
    token: str = field(repr=False)
    boundary: str = field(repr=False)
    program: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenedViewer:
    """A viewer with an address.

    Parameters
    ----------
    address : str
        For a browser.
    run : callable
        Serves it, until it is interrupted.
    stop : callable
        Ends `run` from another thread.
    """

    address: str
    run: Callable[[], None]
    stop: Callable[[], None]
