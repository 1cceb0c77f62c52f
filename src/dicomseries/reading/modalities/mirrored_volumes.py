"""Volumes that a sequence of GE stores mirrored; the standard's attributes do not say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem

__all__ = ["mirrored_problems"]

_SEQUENCE, _POLARITY = 0x0019109C, 0x001910B3
_MIRRORED = {1: "all volumes", 2: "the 1st, 3rd, 5th … volume", 3: "the 2nd, 4th, 6th … volume"}
"""Polarity of the phase encoding → mirrored volumes; dcm2niix flips the same ones."""
_AXES = {"COL": "rows", "ROW": "columns"}
"""InPlanePhaseEncodingDirection → mirrored axis."""


def mirrored_problems(files: Sequence[Instance]) -> Iterator[Problem]:
    """Yield a warning for volumes of epi_pepolar that are stored mirrored.

    The positions in their headers hold for volumes that are not mirrored.
    """
    volumes = _mirrored(files[0])
    if not volumes:
        return
    direction = files[0].text("InPlanePhaseEncodingDirection")
    axis = _AXES.get(direction, "phase encoding")
    yield Problem(
        code="volumes-mirrored",
        level="warning",
        text=f"GE's sequence epi_pepolar stores {volumes} mirrored along the {axis}; they are read "
        "as they are stored",
        remedy=f"Flip these volumes along the {axis} before you compare them with others; dcm2niix "
        "does so.",
    )


def _mirrored(instance: Instance) -> str:
    """Return which volumes are mirrored, or nothing; the block is that of GEMS_ACQU_01."""
    sequence, polarity = instance.element(_SEQUENCE), instance.element(_POLARITY)
    if sequence is None or polarity is None or b"epi_pepolar" not in sequence.raw:
        return ""
    try:
        return _MIRRORED.get(int(float(polarity.raw.strip(b" \0"))), "")
    except ValueError:
        return ""
