"""Advice about numbers in an unlikely unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dicomseries.lazy_dataclass import dataclass

__all__ = ["unit_advice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plausible:
    """Range of plausible numbers, both ends included."""

    unit: str
    low: float = 0.0
    high: float = float("inf")
    other: str


_RANGES: Mapping[str, _Plausible] = {
    "EchoTime": _Plausible(unit="ms", low=0.1, high=2000, other="seconds"),
    "EffectiveEchoTime": _Plausible(unit="ms", low=0.1, high=2000, other="seconds"),
    "RepetitionTime": _Plausible(unit="ms", low=2, high=100_000, other="seconds"),
    "InversionTime": _Plausible(unit="ms", low=10, high=30_000, other="seconds"),
    "ActualFrameDuration": _Plausible(unit="ms", low=500, other="seconds"),
    "RadionuclideTotalDose": _Plausible(unit="Bq", low=1e5, other="MBq"),
    "RadionuclideHalfLife": _Plausible(unit="s", low=75, other="minutes or hours"),
    "PatientWeight": _Plausible(unit="kg", low=0.005, high=700, other="grams"),
    "PatientSize": _Plausible(unit="m", high=3, other="centimetres"),
    "MagneticFieldStrength": _Plausible(unit="T", high=30, other="gauss or millitesla"),
}
"""Keyword → its plausible numbers.

Echo times below 0.1 ms exist (UTE), so other numbers are advice and no fault.
"""

_SHORT_REPETITION_MS = 20.0
_FLUORINE_18_MIN = (109.0, 110.5)


def unit_advice(numbers: Mapping[str, Sequence[float]]) -> Iterator[str]:
    """Yield a sentence for each attribute in an unlikely unit.

    Parameters
    ----------
    numbers : mapping of str to sequence of float
        Keyword → its values, of all slices and volumes, in DICOM's unit.

    Examples
    --------
    >>> list(unit_advice({"EchoTime": [0.00298], "RepetitionTime": [2300]}))
    ['EchoTime is 0.00298 ms. Give it in ms, not in seconds, unless this is meant.']
    """
    for keyword, values in numbers.items():
        plausible = _RANGES.get(keyword)
        if plausible is None:
            continue
        low, high = plausible.low, plausible.high
        unlikely = [value for value in values if value and not low <= value <= high]
        if not unlikely and keyword == "RadionuclideHalfLife":
            low, high = _FLUORINE_18_MIN
            if any(low <= value <= high for value in values):
                unlikely = list(values[:1])
        if unlikely:
            yield _sentence(keyword, unlikely[0], plausible)
    yield from _short_repetition(numbers)
    yield from _short_triggers(numbers.get("TriggerTime", ()))


def _sentence(keyword: str, value: float, plausible: _Plausible) -> str:
    unit = plausible.unit
    return (
        f"{keyword} is {value:g} {unit}. Give it in {unit}, not in {plausible.other}, "
        "unless this is meant."
    )


def _short_repetition(numbers: Mapping[str, Sequence[float]]) -> Iterator[str]:
    """Yield a sentence about a repetition time in seconds."""
    repetitions = list(filter(None, numbers.get("RepetitionTime", ())))
    echoes = list(filter(None, numbers.get("EchoTime", ())))
    low = _RANGES["RepetitionTime"].low
    if not repetitions or not low <= min(repetitions) <= _SHORT_REPETITION_MS:
        return
    if not echoes or min(echoes) >= min(repetitions) or min(echoes) < _RANGES["EchoTime"].low:
        yield _sentence("RepetitionTime", min(repetitions), _RANGES["RepetitionTime"])


def _short_triggers(triggers: Sequence[float]) -> Iterator[str]:
    """Yield a sentence about trigger times in seconds."""
    if len(triggers) > 1 and 0 < max(triggers) - min(triggers) < 10:
        yield (
            f"TriggerTime runs from {min(triggers):g} to {max(triggers):g} ms. Give it in ms, "
            "not in seconds, unless this is meant."
        )
