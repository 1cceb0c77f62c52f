"""Classic terms of a scan, from those of an enhanced object."""

from __future__ import annotations

from typing import Any

__all__ = ["scan_terms"]

_SCANNING = (("InversionRecovery", "YES", "IR"), ("EchoPlanarPulseSequence", "YES", "EP"))
_VARIANT = (
    ("SegmentedKSpaceTraversal", "PARTIAL", "SK"),
    ("SegmentedKSpaceTraversal", "FULL", "SK"),
    ("MagnetizationTransfer", "ON_RESONANCE", "MTC"),
    ("MagnetizationTransfer", "OFF_RESONANCE", "MTC"),
    ("SteadyStatePulseSequence", "FREE_PRECESSION", "SS"),
    ("SteadyStatePulseSequence", "TRANSVERSE", "SS"),
    ("SteadyStatePulseSequence", "LONGITUDINAL", "SS"),
    ("SteadyStatePulseSequence", "TIME_REVERSED", "SS"),
    ("Spoiling", "RF", "SP"),
    ("Spoiling", "GRADIENT", "SP"),
    ("Spoiling", "RF_AND_GRADIENT", "SP"),
)
_OPTIONS = (
    ("FlowCompensation", "ACCELERATION", "FC"),
    ("FlowCompensation", "VELOCITY", "FC"),
    ("FlowCompensation", "OTHER", "FC"),
    ("PartialFourierDirection", "PHASE", "PFP"),
    ("PartialFourierDirection", "FREQUENCY", "PFF"),
)


def scan_terms(frame: Any) -> dict[str, list[str]]:
    """Return ScanningSequence, SequenceVariant and ScanOptions of a frame of MR.

    Parameters
    ----------
    frame : pydicom.Dataset
        With the attributes of its functional groups. Terms that it has already stay.

    Notes
    -----
    PS3.3 sections C.8.3.1 and C.8.13.4. RM (research mode) where no pulse sequence is stated.

    Examples
    --------
    >>> from pydicom import Dataset
    >>> frame = Dataset()
    >>> frame.ScanningSequence, frame.InversionRecovery, frame.Spoiling = "GR", "YES", "RF"
    >>> scan_terms(frame)
    {'ScanningSequence': ['GR', 'IR'], 'SequenceVariant': ['SP'], 'ScanOptions': []}
    """
    scanning = _texts(frame.get("ScanningSequence"))
    scanning += [term for term in _terms(frame, _SCANNING) if term not in scanning]
    variant = _texts(frame.get("SequenceVariant")) or _terms(frame, _VARIANT)
    return {
        "ScanningSequence": scanning or ["RM"],
        "SequenceVariant": variant or ["NONE"],
        "ScanOptions": _texts(frame.get("ScanOptions")) or _terms(frame, _OPTIONS),
    }


def _texts(value: Any) -> list[str]:
    if not value:
        return []
    return [value] if isinstance(value, str) else list(value)


def _terms(frame: Any, table: tuple[tuple[str, str, str], ...]) -> list[str]:
    terms = [term for keyword, value, term in table if frame.get(keyword) == value]
    return list(dict.fromkeys(terms))
