"""What a viewer is given to show, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dicomseries.reading import Series
from dicomseries.viewing.dicomweb import Holdings

__all__ = ["Opened", "Subject"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """A series that is to be shown.

    Parameters
    ----------
    path : str
        Where it was found.
    series : Series
        Which of those there.
    holdings : Holdings
        Everything there, for viewers that look around.
    token, boundary : str
        Drawn by chance: for the address, and for between the parts of an answer.
    program : str or None
        Where the viewer is, if it was not installed as a package.
    """

    path: str
    series: Series
    holdings: Holdings = field(repr=False)
    token: str = field(repr=False)
    boundary: str = field(repr=False)
    program: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opened:
    """A viewer that is there.

    Parameters
    ----------
    address : str
        For a browser.
    run : callable
        Serves it, until it is interrupted.
    stop : callable
        Has `run` return, from another thread.
    """

    address: str
    run: Callable[[], None]
    stop: Callable[[], None]
