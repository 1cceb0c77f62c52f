"""Volumes that a sequence of GE stores mirrored; the standard's attributes do not say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dicomseries.errors import counted
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem

__all__ = ["mirrored_files", "mirrored_problems"]

_SEQUENCE, _POLARITY = 0x0019109C, 0x001910B3
"""Name of the sequence and user CV 12, in the block of GEMS_ACQU_01."""
_RULES = {1: "all volumes", 2: "the 1st, 3rd, 5th … volume", 3: "the 2nd, 4th, 6th … volume"}
"""User CV 12 → volumes of opposite phase encoding, which are stored mirrored."""
_REMAINDERS = {1: (0, 1), 2: (1,), 3: (0,)}
"""User CV 12 → remainders of TemporalPositionIdentifier by 2, of these volumes."""


def mirrored_files(files: Sequence[Instance]) -> frozenset[str]:
    """Return the paths of files whose rows are stored in reverse order.

    Only where no file is in doubt: images as the scanner made them, phase encoding along the
    columns, and a number of the volume where the rule asks for it.
    """
    if _rule_of(files[0]) is None or any(map(_doubt, files)):
        return frozenset()
    return frozenset(file.path for file in files if _is_mirrored(file))


def mirrored_problems(files: Sequence[Instance]) -> Iterator[Problem]:
    """Yield a warning for volumes of epi_pepolar that are stored mirrored.

    The positions in their headers hold for volumes that are not mirrored.
    """
    rule = _rule_of(files[0])
    if rule is None:
        return
    reason = next(filter(None, map(_doubt, files)), "")
    if reason:
        yield Problem(
            code="volumes-mirrored",
            level="warning",
            text=f"GE's sequence epi_pepolar stores {_RULES[rule]} mirrored along the phase "
            f"encoding (user CV 12 is {rule}); {reason}, and the volumes are read as they are "
            "stored",
            remedy="Look where the nose is in these volumes, and mirror them before you compare "
            "them with others.",
        )
        return
    count = len(mirrored_files(files))
    yield Problem(
        code="volumes-mirrored",
        level="warning",
        text=f"GE's sequence epi_pepolar stored {_RULES[rule]} mirrored along the phase encoding "
        f"(user CV 12 is {rule}): the rows of {counted(count, 'slice')} are read in reverse order, "
        "so that they lie where the header says",
        remedy="Read the files with another reader if you need the order of their rows; phase "
        "encoding is opposite in these volumes.",
    )


def _rule_of(instance: Instance) -> int | None:
    """Return user CV 12 of epi_pepolar; None for other sequences, and without mirrored volumes."""
    sequence, polarity = instance.element(_SEQUENCE), instance.element(_POLARITY)
    if sequence is None or polarity is None or b"epi_pepolar" not in sequence.raw:
        return None
    try:
        rule = int(float(polarity.raw.strip(b" \0")))
    except (ValueError, OverflowError):
        return None
    return rule if rule in _RULES else None


def _doubt(instance: Instance) -> str:
    """Return why the rows of a file are not put in order; "" if there is no doubt."""
    if instance.texts("ImageType")[:1] != ("ORIGINAL",):
        return "these images were derived from it"
    if instance.text("InPlanePhaseEncodingDirection") != "COL":
        return "its phase encoding is not along the columns"
    if _rule_of(instance) in {2, 3} and instance.whole("TemporalPositionIdentifier", 0) < 1:
        return "the files do not number their volumes (TemporalPositionIdentifier)"
    return ""


def _is_mirrored(instance: Instance) -> bool:
    rule = _rule_of(instance)
    if rule is None:
        return False
    return instance.whole("TemporalPositionIdentifier", 0) % 2 in _REMAINDERS[rule]
