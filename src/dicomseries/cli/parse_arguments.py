"""Words of the command line as keyword arguments of `write`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from dicomseries.cli.exit_codes import CommandLineError
from dicomseries.cli.output import Output
from dicomseries.cli.storage_options import storage_options_of
from dicomseries.errors import OptionError
from dicomseries.options import Option, load_mapping, options_of

__all__ = [
    "arguments_of",
    "drawing_of",
    "entries_of_axes",
    "is_given",
    "metadata_of",
    "slices_of",
    "split_words",
]

_MOST_COSINES = 9
_VERBOSE = {"-v": 1, "--verbose": 1, "-vv": 2}
_EVERYWHERE = frozenset({"--json", "--quiet", "--debug", *_VERBOSE})


def split_words(words: Sequence[str]) -> tuple[list[str], Output]:
    """Take out common options, and join the words of ``--direction``.

    An option has a fixed number of words; a direction has six or nine.

    Examples
    --------
    >>> words, output = split_words(["write", "--direction", "1", "0", "-1", "--json"])
    >>> words, output.json
    (['write', '--direction', '1 0 -1'], True)
    """
    end = words.index("--") if "--" in words else len(words)
    before = words[:end]
    output = Output(
        json="--json" in before,
        quiet="--quiet" in before,
        debug="--debug" in before,
        verbosity=sum(_VERBOSE.get(word, 0) for word in before),
    )
    others = [word for word in before if word not in _EVERYWHERE]
    return [*_direction_joined(others), *words[end:]], output


def _direction_joined(words: list[str]) -> list[str]:
    if "--direction" not in words:
        return words
    start = words.index("--direction") + 1
    stop = start
    while stop < min(len(words), start + _MOST_COSINES) and _is_number(words[stop]):
        stop += 1
    if stop - start < 2:  # one word in quotes, or none
        return words
    return [*words[:start], " ".join(words[start:stop]), *words[stop:]]


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def arguments_of(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the typed options as keyword arguments of `write`.

    Parameters
    ----------
    words : mapping
        Option → its value as click has read it; None, False or an empty list if it was left out.

    Raises
    ------
    CommandLineError
        If a value is malformed.
    OptionError
        If the file of an affine cannot be read.

    Examples
    --------
    >>> arguments_of({"spacing": (1, 1, 2), "times": "0,2.5", "verify": True, "uid": None})
    {'spacing': (1, 1, 2), 'times': (0.0, 2.5), 'verify': False}
    """
    arguments: dict[str, Any] = {}
    for name, option in options_of("write").items():
        word = words.get(name)
        if not is_given(word, option):
            continue
        if option.flag.startswith("--no-"):
            arguments[name] = False
        elif name in _PARSERS:
            arguments[name] = _PARSERS[name](word)
        else:
            arguments[name] = word
    return arguments


def is_given(word: Any, option: Option) -> bool:
    """Return whether an option was typed.

    Examples
    --------
    >>> is_given(None, Option()), is_given(0.0, Option()), is_given(False, Option(words=bool))
    (False, True, False)
    """
    is_flag = option.words is bool and "/" not in option.flag
    return word is not None and word != [] and not (is_flag and word is False)


def metadata_of(
    file: str | None, settings: Sequence[str], left_out: Sequence[str]
) -> dict[str, Any]:
    r"""Return the attributes of ``--meta``, ``--set`` and ``--leave-out``.

    Several values are separated by backslashes, as in DICOM (PS3.5 section 6.4). Attributes that
    are left out have the value None.

    Raises
    ------
    CommandLineError
        If a setting has no ``=``, or two name the same keyword.
    MetadataError
        If the file cannot be read.

    Examples
    --------
    >>> metadata_of(None, ["PatientID=42", r"ImageType=DERIVED\SECONDARY"], ["KVP"])
    {'PatientID': '42', 'ImageType': ['DERIVED', 'SECONDARY'], 'KVP': None}
    """
    settings_by_keyword: dict[str, Any] = {}
    for setting in settings:
        keyword, equals, value = setting.partition("=")
        keyword = keyword.strip()
        if not equals or not keyword or keyword in settings_by_keyword:
            raise CommandLineError(
                code="setting-twice" if keyword in settings_by_keyword else "setting-malformed",
                where="--set",
                given=setting,
                expected="Keyword=Value, each keyword once; a backslash separates several values",
                remedy="Write for example --set PatientID=42, in quotes if a value has spaces.",
            )
        settings_by_keyword[keyword] = value.split("\\") if "\\" in value else value
    return {**load_mapping("metadata", file), **settings_by_keyword, **dict.fromkeys(left_out)}


def drawing_of(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return slices and window of a drawn result, as far as they are given.

    Examples
    --------
    >>> drawing_of({"slices": "10:20", "window": None, "preset": "lung"})
    {'slices': slice(10, 20, None), 'window': 'lung'}
    """
    drawing: dict[str, Any] = {}
    slices = words["slices"]
    if slices is not None:
        drawing["slices"] = slices if slices.isalpha() else slices_of(slices)
    if words["window"] is not None or words["preset"] is not None:
        drawing["window"] = words["window"] or words["preset"]
    return drawing


def entries_of_axes(texts: Sequence[str]) -> dict[str, int | str]:
    """Return the entries of axes of volumes, from AXIS=ENTRY.

    Raises
    ------
    OptionError
        If a text has another form, or names an axis twice.

    Examples
    --------
    >>> entries_of_axes(["echo=1", "part=phase"])
    {'echo': 1, 'part': 'phase'}
    """
    entries: dict[str, int | str] = {}
    for text in texts:
        axis, separator, entry = (part.strip() for part in text.partition("="))
        if not axis or not separator or not entry or axis in entries:
            raise OptionError(
                code="pick-unknown",
                where="--pick",
                given=repr(text),
                expected="AXIS=ENTRY, each axis once: the index of an entry from 0, or its name",
                remedy="Write for instance --pick echo=0; the command list shows the axes.",
            )
        digits = entry.removeprefix("-")
        entries[axis] = int(entry) if digits.isascii() and digits.isdecimal() else entry
    return entries


def slices_of(text: str) -> slice | int:
    """Return the slices of A, A:B or A:B:C, as in numpy.

    Raises
    ------
    OptionError
        If it is none of these.

    Examples
    --------
    >>> slices_of("10:20"), slices_of("-1")
    (slice(10, 20, None), -1)
    """
    try:
        parts = [int(part) if part.strip() else None for part in text.split(":")]
        if len(parts) == 1 and parts[0] is not None:
            return parts[0]
        if 1 < len(parts) < 4:
            return slice(*parts)
    except ValueError:
        pass
    raise OptionError(
        code="slices-unknown",
        where="--slices",
        given=repr(text),
        expected="A:B or A:B:C in whole numbers, counted from 0",
        remedy="Write e.g. --slices 100:200, --slices 0:400:4 or --slices=-10: for the last ten.",
    )


def _cosines(text: str) -> tuple[float, ...]:
    words = re.split(r"[\s,;]+", text.strip("[]() "))
    if len(words) not in {6, _MOST_COSINES} or not all(map(_is_number, words)):
        raise CommandLineError(
            code="direction-malformed",
            where="--direction",
            given=text,
            expected="6 or 9 numbers: row and column direction, or the 3x3 matrix row by row",
            remedy="Write for example --direction 1 0 0 0 1 0 for axial slices.",
        )
    return tuple(map(float, words))


def _affine(file: str) -> Any:
    """Return the matrix in an .npy, .json or text file."""
    try:
        return _matrix(Path(file))
    except (OSError, ValueError) as error:
        raise OptionError(
            code="affine-unreadable",
            where=f"--affine {file}",
            given=getattr(error, "strerror", None) or str(error),
            expected="a file with 4 rows of 4 numbers: .npy, .json or plain text",
            remedy="Save the matrix with numpy.save or numpy.savetxt, or give --spacing instead.",
        ) from error


def _matrix(path: Path) -> Any:
    import numpy as np

    if path.suffix.lower() == ".npy":
        return np.load(path, allow_pickle=False)
    text = path.read_text(encoding="utf-8-sig")  # as in options/mapping_files.py
    if path.suffix.lower() == ".json":
        return json.loads(text)
    return np.loadtxt(text.replace(",", " ").splitlines())


def _positions(text: str) -> str | tuple[float, ...]:
    """Return the distances of slices, or the name of their file."""
    words = [word.strip() for word in text.split(",")]
    if Path(text).is_file() or not all(map(_is_number, words)):
        return text
    return tuple(map(float, words))


def _uid(text: str) -> str | dict[str, str]:
    """Return a policy, a root, or a mapping for ``StudyInstanceUID=…,others=…``."""
    if "=" not in text:
        return text
    uids = {}
    for pair in text.split(","):
        keyword, _, uid = pair.partition("=")
        uids[keyword.strip()] = uid.strip()
    return uids


def _times(text: str) -> float | tuple[float, ...]:
    """Return a step in seconds, or the times of volumes."""
    try:
        times = tuple(map(float, text.split(",")))
    except ValueError as error:
        raise CommandLineError(
            code="times-malformed",
            where="--times",
            given=text,
            expected="the seconds from volume to volume, or the time of each, separated by commas",
            remedy="Write for example --times 2.5, or --times 0,2.5,5.1 without spaces.",
        ) from error
    if "," not in text:
        return times[0]
    return times


def _segments(words: Sequence[str]) -> dict[str, Any]:
    """Return descriptions of segments from files and ``N=NAME``.

    A word with ``=`` that names a file is a file. Names typed win over those of a file.
    """
    typed: dict[str, Any] = {}
    from_files: dict[str, Any] = {}
    for word in words:
        if "=" not in word or Path(word).is_file():
            from_files |= load_mapping("segments", word)
            continue
        for part in _pairs_of(word):
            key, _, name = part.partition("=")
            key, name = key.strip(), name.strip()
            if not key or not name or key in typed:
                raise CommandLineError(
                    code="segments-malformed",
                    where="--segments",
                    given=word,
                    expected="a file, or N=NAME with each label or mask once",
                    remedy="Write for example --segments 1=Liver,2=Spleen, in quotes if a name has "
                    "spaces.",
                )
            typed[key] = name
    return {**from_files, **typed}


def _pairs_of(word: str) -> list[str]:
    """Return the parts between commas; a comma in a name separates nothing."""
    parts: list[str] = []
    for part in word.split(","):
        if "=" in part or not parts:
            parts.append(part)
        else:
            parts[-1] += f",{part}"
    return parts


def _derivation(text: str) -> str | tuple[str, ...]:
    """Return a code or name, or (value, scheme, meaning)."""
    if "," not in text:
        return text
    return tuple(map(str.strip, text.split(",", 2)))


def _now(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandLineError(
            code="now-malformed",
            where="--now",
            given=text,
            expected="a date and time such as 2024-01-31T12:00:00 (ISO 8601)",
            remedy="Write year, month and day with dashes, then T and the time.",
        ) from error


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "affine": _affine,
    "derivation": _derivation,
    "direction": _cosines,
    "keep_private": tuple,
    "now": _now,
    "positions": _positions,
    "segments": _segments,
    "space": str.upper,
    "storage_options": storage_options_of,
    "times": _times,
    "uid": _uid,
}
"""Function that reads an option; the words of all others are their values."""
