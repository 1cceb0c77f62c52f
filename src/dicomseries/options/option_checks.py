"""Checks and conversions of options, before the source is read."""

from __future__ import annotations

import datetime as dt
import math
import os
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from numbers import Real
from typing import Any

from dicomseries import derivation, segmentation
from dicomseries.codecs import parse_compression
from dicomseries.errors import OptionError
from dicomseries.executors import chosen_executor
from dicomseries.iod import find_kind
from dicomseries.metadata import reject_sidecar
from dicomseries.options.keyword_types import MappingLike
from dicomseries.options.mapping_files import load_mapping
from dicomseries.options.memory_budget import memory_of
from dicomseries.options.option import Option
from dicomseries.orientation import parse_orient
from dicomseries.reading import SeriesFiles, parse_series_files
from dicomseries.sources import Volume
from dicomseries.uids import parse_uid_policy
from dicomseries.values import Exact, Lossless, check_value_range, parse_policy

__all__ = ["checked"]

_ENTROPY_BYTES = 32
_LABELS = "Segmentation"
_MODEL_KEYS = ("name", "version", "manufacturer")
_LONGEST_LO = 64
"""Characters of a Long String (PS3.5 section 6.2)."""
_LONGEST_SH = 16
"""Characters of a Short String (PS3.5 section 6.2)."""


def checked(keywords: Mapping[str, Any], options: Mapping[str, Option]) -> dict[str, Any]:
    """Return the checked and converted values of all options.

    Parameters
    ----------
    keywords : mapping
        A value for each option, as the user passed it.
    options : mapping of str to Option
        Their declarations.

    Raises
    ------
    DicomSeriesError
        If a value is wrong, or two options contradict each other.
    """
    values = dict(keywords)
    for name, check in _CHECKS.items():
        values[name] = check(keywords[name])
    if isinstance(keywords["like"], Volume) and values["series"] is None:
        values["series"] = getattr(keywords["like"], "series", None)
    if values["kind"] is None and values["like"] is None:
        find_kind(None)  # raises the error that lists the kinds
    _reject_without_like(keywords, options, values)
    _reject_for_kind(keywords, options, values)
    values["value_range"] = check_value_range(values["value_range"], values["values"])
    values["executor"] = chosen_executor(values["executor"], values["workers"])
    is_from_content = values["uid"].mode == "content"
    if values["now"] is None and not is_from_content:
        # The same input must give the same bytes tomorrow, so the clock is not read then.
        values["now"] = dt.datetime.now().astimezone()
    if values["entropy"] is None and not is_from_content:
        values["entropy"] = secrets.token_bytes(_ENTROPY_BYTES)
    return values


def _reject_without_like(
    keywords: Mapping[str, Any], options: Mapping[str, Option], values: Mapping[str, Any]
) -> None:
    """Reject options about a source series if there is none."""
    if values["like"] is not None:
        return
    for name, option in options.items():
        if option.only_for == "like" and _is_given(keywords[name], option):
            raise OptionError(
                code="option-without-like",
                where=name,
                given=f"`{name}=` without `like=`",
                expected="the series that the array comes from",
                remedy=f"Pass `like=`, or leave `{name}=` out (SeriesDescription may stand in"
                " `metadata=`).",
            )


def _reject_for_kind(
    keywords: Mapping[str, Any], options: Mapping[str, Option], values: Mapping[str, Any]
) -> None:
    """Reject options that do not fit the kind."""
    kind, policy = values["kind"], values["values"]
    other, expected = "labels", "labels (`kind='Segmentation'`)"
    misplaced = []
    if kind == _LABELS:
        other, expected = "numbers", "labels, which are stored as they are"
        if policy is not None and not isinstance(policy, (Exact, Lossless)):
            misplaced.append("values")
    for name, option in options.items():
        if option.only_for == other and _is_given(keywords[name], option):
            misplaced.append(name)
    for name in misplaced:
        kind_text = "no `kind=`" if kind is None else f"`kind={kind!r}`"
        raise OptionError(
            code="option-of-another-kind",
            where=name,
            given=f"`{name}=` with {kind_text}",
            expected=expected,
            remedy=f"Leave `{name}=` out, or choose another `kind=`.",
        )


def _is_given(value: Any, option: Option) -> bool:
    is_empty = isinstance(value, (list, tuple, dict)) and not value
    return value is not None and value is not option.default and not is_empty


def _kind(kind: Any) -> str | None:
    """Return the name of a kind, None for the source's."""
    if kind is None:
        return None
    return find_kind(kind).name


def _like(like: Any) -> SeriesFiles | None:
    """Return the files of a source series; a volume's are those it was read from."""
    if like is None:
        return None
    if not isinstance(like, Volume):
        return parse_series_files(like, "like")
    files = getattr(like, "path", "")
    if files:
        return parse_series_files(files, "like")
    raise OptionError(
        code="like-not-a-series",
        where="like",
        given="a volume that was not read from a DICOM series",
        expected="the series that the array was made from",
        remedy="Pass the path of its folder, or the volume of dicomseries.read.",
    )


def _model(model: Any) -> derivation.Model | None:
    if model is None:
        return None
    if isinstance(model, Mapping) and model.get("name") and set(model) <= set(_MODEL_KEYS):
        texts = dict(zip(model, map(str, model.values()), strict=True))
        if all(len(text) <= _LONGEST_LO and "\\" not in text for text in texts.values()):
            return derivation.Model(**texts)
    raise OptionError(
        code="model-not-described",
        where="model",
        given=repr(model),
        expected=f"a mapping with a name, and of the keys {', '.join(_MODEL_KEYS)}, each of at most"
        f" {_LONGEST_LO} characters",
        remedy='Pass `model={"name": "LesionNet", "version": "2.1", "manufacturer": "Us"}`.',
    )


def _derivation(code: Any) -> Any:
    if code is None:
        return None
    return derivation.derivation_code(code)


def _keep_private(creators: Any) -> tuple[str, ...]:
    if isinstance(creators, str):
        return (creators,)
    return tuple(creators or ())


def _units(units: Any) -> str | None:
    """Return a UCUM code (PS3.3 section C.7.6.16.2.11, CID 82)."""
    if units is None:
        return None
    is_code = isinstance(units, str) and units.strip() and units.isascii()
    if not is_code or len(units) > _LONGEST_SH:
        raise OptionError(
            code="units-not-ucum",
            where="units",
            given=repr(units),
            expected="a UCUM code of at most 16 characters, such as mm2/s, Bq/ml, ms, [hnsf'U]"
            " or 1",
            remedy="Give the code, or MeasurementUnitsCodeSequence in `metadata=` for units of"
            " another scheme.",
        )
    if units.strip() == "HU":
        raise OptionError(
            code="units-not-ucum",
            where="units",
            given="'HU'",
            expected="a UCUM code; that of Hounsfield units is [hnsf'U]",
            remedy='Pass `units="[hnsf\'U]"`.',
        )
    return str(units.strip())


def _split(split: Any) -> bool:
    if split in {None, "time"}:
        return split is not None
    raise OptionError(
        code="split-unknown",
        where="split",
        given=repr(split),
        expected="None for all volumes in one series, or 'time' for a series each",
        remedy="Pass `split='time'`, or leave it out.",
    )


def _metadata(metadata: MappingLike) -> Mapping[str, Any]:
    attributes = load_mapping("metadata", metadata)
    reject_sidecar(attributes)
    return attributes


def _bids(bids: MappingLike) -> Mapping[str, Any] | None:
    if bids is None:
        return None
    return load_mapping("bids", bids)


def _segments(segments: Any) -> Any:
    if isinstance(segments, (list, tuple)):
        return segments
    return load_mapping("segments", segments) or None


def _segmentation_type(segmentation_type: Any) -> str:
    if segmentation_type is None:
        return "binary"
    return segmentation.parse_segmentation_type(segmentation_type)


def _threshold(threshold: Any) -> float | None:
    if threshold is None:
        return None
    is_number = isinstance(threshold, Real) and not isinstance(threshold, bool)
    if is_number and math.isfinite(threshold):
        return float(threshold)
    raise OptionError(
        code="threshold-not-a-number",
        where="threshold",
        given=repr(threshold),
        expected="a number: voxels of at least this value are inside",
        remedy="Pass `threshold=0.5` for probabilities.",
    )


def _positions(positions: Any) -> Any:
    if not isinstance(positions, (str, os.PathLike)):
        return positions
    from dicomseries.options.position_files import load_positions  # noqa: PLC0415 - for files

    return load_positions(positions)


def _now(now: Any) -> dt.datetime | None:
    if now is None or isinstance(now, dt.datetime):
        return now
    raise OptionError(
        code="now-not-a-datetime",
        where="now",
        given=repr(now),
        expected="a datetime: the date and the time of the series",
        remedy="Pass datetime.datetime(2024, 2, 29, 12, 0), or leave it out for the clock.",
    )


def _entropy(entropy: Any) -> bytes | None:
    if entropy is None or (isinstance(entropy, bytes) and entropy):
        return entropy
    raise OptionError(
        code="entropy-not-bytes",
        where="entropy",
        given=repr(entropy),
        expected="bytes that no other series was made from",
        remedy="Pass secrets.token_bytes(32), or leave it out.",
    )


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "uid": parse_uid_policy,
    "now": _now,
    "kind": _kind,
    "values": parse_policy,
    "compression": parse_compression,
    "metadata": _metadata,
    "per_volume": partial(load_mapping, "per_volume"),
    "bids": _bids,
    "units": _units,
    "like": _like,
    "derivation": _derivation,
    "model": _model,
    "keep_private": _keep_private,
    "entropy": _entropy,
    "memory": memory_of,
    "split": _split,
    "segments": _segments,
    "segmentation_type": _segmentation_type,
    "threshold": _threshold,
    "orient": parse_orient,
    "positions": _positions,
}
"""Function that checks and converts an option; options without one are taken as they are."""
