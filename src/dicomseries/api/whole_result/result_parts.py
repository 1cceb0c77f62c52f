"""Parts of a result, checked before anything is opened."""

from __future__ import annotations

import difflib
import hashlib
import inspect
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from dicomseries.derivation import Inheritance
from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.metadata import Metadata
from dicomseries.uids import parse_uid_policy, series_uids

__all__ = [
    "InputPart",
    "description_of",
    "entropy_of",
    "first_series_number",
    "input_parts",
    "part_options",
    "reject_series_uids",
]

_LONGEST_DESCRIPTION = 64
"""Characters of a LO (PS3.5 section 6.2)."""
_LARGEST_IS = 2**31 - 1
_MAPS, _IMAGES = "maps", "images"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputPart:
    """A series that is written from an input.

    Parameters
    ----------
    name : str
        For people, such as "map ADC".
    folder : str
        Inside of the folder of the result.
    source : object
        The array, file or masks.
    options : dict
        Options of `write` that this part has alone.

    Examples
    --------
    >>> part = InputPart(name="map ADC", folder="map-adc", source=None, options={})
    >>> part.folder
    'map-adc'
    """

    name: str
    folder: str
    source: Any
    options: dict[str, Any]


def input_parts(
    masks: Any,
    maps: Any,
    images: Any,
    *,
    of_masks: Mapping[str, Any],
    of_numbers: Mapping[str, Any],
) -> list[InputPart]:
    """Return the parts of a result that are written from inputs.

    Parameters
    ----------
    masks : object
        Input of the Segmentation; None without one.
    maps, images : mapping or None
        Input by name; of maps a pair of input and unit.
    of_masks, of_numbers : mapping
        Options of `write` for the Segmentation, and for the others.

    Raises
    ------
    OptionError
        If there is nothing, a name is no name of a folder, or a map has no unit.
    """
    parts: list[InputPart] = []
    if masks is not None:
        options = {"kind": "Segmentation", **of_masks}
        parts.append(
            InputPart(name="segmentation", folder="segmentation", source=masks, options=options)
        )
    for name, entry in _named(_MAPS, maps).items():
        source, unit = _with_unit(name, entry)
        options = {"kind": "ParametricMap", "units": unit, **of_numbers}
        folder = _folder("map", name)
        parts.append(InputPart(name=f"map {name}", folder=folder, source=source, options=options))
    for name, source in _named(_IMAGES, images).items():
        folder, options = _folder("image", name), dict(of_numbers)
        parts.append(InputPart(name=f"image {name}", folder=folder, source=source, options=options))
    if not parts:
        raise OptionError(
            code="result-without-parts",
            where="masks",
            given="neither masks nor maps nor images",
            expected="at least one of them",
            remedy='Pass `masks=`, `maps={"ADC": (array, "mm2/s")}` or `images={"Smooth": array}`.',
        )
    _reject_equal_folders(parts)
    return parts


def _named(option: str, entries: Any) -> Mapping[str, Any]:
    """Return entries by name, each a line of text."""
    if entries is None:
        return {}
    is_named = isinstance(entries, Mapping) and all(map(_is_name, entries))
    if is_named:
        return dict(entries)
    raise OptionError(
        code="parts-without-names",
        where=option,
        given=f"an object of type {type(entries).__name__}"
        if not isinstance(entries, Mapping)
        else f"the names {', '.join(map(repr, entries))}",
        expected="a mapping from a name, a line with a letter or digit, to an array",
        remedy='Pass `maps={"ADC": (array, "mm2/s")}` or `images={"Denoised": array}`.',
    )


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and name.isprintable() and bool(re.search("[A-Za-z0-9]", name))


def _with_unit(name: str, entry: Any) -> tuple[Any, str]:
    if isinstance(entry, tuple | list) and len(entry) == 2 and isinstance(entry[1], str):
        return entry[0], entry[1]
    raise OptionError(
        code="unit-of-map-missing",
        where=f"maps[{name!r}]",
        given=f"an object of type {type(entry).__name__}",
        expected="the map and the UCUM code of its unit: only you know it",
        remedy='Pass `maps={"ADC": (array, "mm2/s")}`; the unit "1" is for numbers without one.',
    )


def _folder(word: str, name: str) -> str:
    """Return the name of a folder in plain letters."""
    return f"{word}-{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}"


def _reject_equal_folders(parts: list[InputPart]) -> None:
    by_folder: dict[str, str] = {}
    for part in parts:
        if part.folder in by_folder:
            raise OptionError(
                code="parts-of-one-name",
                where=part.name.split()[0] + "s",
                given=f"{by_folder[part.folder]!r} and {part.name!r}",
                expected="names that differ in letters or digits: each is a folder",
                remedy="Rename one of them.",
            )
        by_folder[part.folder] = part.name


def part_options(
    verb: str, value: Any, function: Callable[..., Any], reserved: Collection[str]
) -> Any:
    """Return the options of a part, None if it is not wanted.

    Parameters
    ----------
    verb : str
        "measure" or "picture".
    value : bool or mapping
        Whether the part is wanted, or its options.
    function : callable
        The verb; its keyword arguments are the options.
    reserved : collection of str
        Arguments that `write_result` fills itself.

    Raises
    ------
    OptionError
        If it is neither, or has another option.
    """
    if value is None or value is False:
        return None
    if value is True:
        return {}
    parameters = inspect.signature(function).parameters.values()
    known = [entry.name for entry in parameters if entry.kind is entry.KEYWORD_ONLY]
    known = [name for name in known if name not in reserved]
    if isinstance(value, Mapping):
        unknown = [name for name in value if name not in known]
        if not unknown:
            return dict(value)
        nearest = difflib.get_close_matches(str(unknown[0]), known, n=1)
        remedy = f"Use {nearest[0]!r}." if nearest else f"Leave {unknown[0]!r} out."
        given = repr(unknown[0])
    else:
        given, remedy = repr(value), f"Pass `{verb}=True`, or leave it out."
    raise OptionError(
        code="part-options-unknown",
        where=verb,
        given=given,
        expected=f"True, or a mapping of options: {', '.join(known)}",
        remedy=remedy,
    )


def description_of(base: str, part: str) -> str:
    """Return the SeriesDescription of a part.

    Raises
    ------
    OptionError
        If it is longer than a SeriesDescription can be.

    Examples
    --------
    >>> description_of("LesionNet", "map ADC")
    'LesionNet: map ADC'
    """
    text = f"{base}: {part}"
    if len(text) <= _LONGEST_DESCRIPTION:
        return text
    raise OptionError(
        code="description-too-long",
        where="description",
        given=repr(text),
        expected=f"at most {_LONGEST_DESCRIPTION} characters with the name of the part",
        remedy="Shorten `description=`, or the name of the map or image.",
    )


def reject_series_uids(uid: Any) -> None:
    """Reject one UID for several series.

    Raises
    ------
    OptionError
        If SeriesInstanceUID is given, or `uid` is wrong.
    """
    if "SeriesInstanceUID" in dict(parse_uid_policy(uid).given):
        raise OptionError(
            code="uid-of-several-series",
            where="uid['SeriesInstanceUID']",
            given="one UID for all series of a result",
            expected="none: each series has another UID",
            remedy="Leave SeriesInstanceUID out.",
        )


def entropy_of(entropy: bytes | None, folder: str) -> bytes | None:
    """Return the entropy of a part; None if UIDs come from the content.

    Examples
    --------
    >>> entropy_of(b"1", "picture") == entropy_of(b"1", "segmentation")
    False
    """
    if entropy is None:
        return None
    return hashlib.sha256(entropy + b"\x1f" + folder.encode()).digest()


def first_series_number(source_number: int, seed: bytes, count: int) -> int:
    """Return the SeriesNumber of the first part; the others follow.

    That of the source, followed by six digits, as of other results.

    Parameters
    ----------
    source_number : int
        SeriesNumber of the source; 0 if it has none.
    seed : bytes
        The digits follow from it.
    count : int
        Number of series.

    Examples
    --------
    >>> first_series_number(3, b"seed", 5) // 1_000_000
    3
    """
    inheritance = Inheritance(study_uid="", source_number=source_number)
    uids = series_uids(parse_uid_policy("random"), hashlib.sha256(seed).digest())
    number = int(inheritance.with_series_number(Metadata(), uids).text("SeriesNumber") or 1)
    return min(number, _LARGEST_IS - count)
