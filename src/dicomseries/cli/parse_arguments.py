"""Words of the command line → arguments of the façade."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from dicomseries.cli.exit_codes import CommandLineError
from dicomseries.cli.output import Output
from dicomseries.errors import MetadataError, OptionError

__all__ = [
    "affine_of",
    "geometry_of",
    "mapping_of",
    "metadata_of",
    "now_of",
    "split_words",
    "uid_of",
]

_MOST_COSINES = 9


def split_words(words: Sequence[str]) -> tuple[list[str], Output]:
    """Take out the options every command has, and join the numbers after ``--direction``.

    An option of a command line has a fixed number of words; a direction has six or nine.

    Examples
    --------
    >>> words, output = split_words(["write", "a.npy", "out", "--direction", "1", "0", "-1", "--json"])
    >>> words, output.json
    (['write', 'a.npy', 'out', '--direction', '1 0 -1'], True)
    """
    end = words.index("--") if "--" in words else len(words)
    options, rest = words[:end], list(words[end:])
    output = Output(
        json="--json" in options, quiet="--quiet" in options, debug="--debug" in options
    )
    return _direction_joined(
        [word for word in options if word not in {"--json", "--quiet", "--debug"}]
    ) + rest, output


def geometry_of(
    *,
    spacing: Sequence[float] | None,
    origin: Sequence[float] | None,
    direction: str | None,
    affine: str | None,
    space: str | None,
    axes: str | None,
    time_point: int | None,
) -> dict[str, Any]:
    """Return the geometry arguments of the façade.

    Raises
    ------
    CommandLineError
        If `direction` holds something else than numbers.
    OptionError
        If the file `affine` cannot be read as a matrix.

    Examples
    --------
    >>> geometry_of(spacing=(1, 1, 2), origin=None, direction="1 0 0, 0 1 0", affine=None, space=None, axes=None,
    ...             time_point=None)["direction"]
    (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    """
    return {
        "spacing": spacing,
        "origin": origin,
        "direction": None if direction is None else _cosines(direction),
        "affine": None if affine is None else affine_of(affine),
        "space": None if space is None else space.upper(),
        "axes": axes,
        "time_point": time_point,
    }


def affine_of(path: str) -> Any:
    """Return the matrix in a file: ``.npy``, ``.json`` (nested lists) or text (numbers in rows).

    Raises
    ------
    OptionError
        If there is none in it.
    """
    try:
        return _matrix(Path(path))
    except (OSError, ValueError) as fault:
        raise OptionError(
            code="affine-unreadable",
            where=f"--affine {path}",
            given=getattr(fault, "strerror", None) or str(fault),
            expected="a file with 4 rows of 4 numbers: .npy, .json or plain text",
            remedy="Save the matrix with numpy.save or numpy.savetxt, or give --spacing instead.",
        ) from fault


def metadata_of(
    file: str | None, settings: Sequence[str], left_out: Sequence[str] = ()
) -> dict[str, Any] | None:
    r"""Return the metadata of ``--meta FILE`` with every ``--set Keyword=Value`` on top; None if nothing is given.

    Values are parted by backslashes, as in DICOM (PS3.5 section 6.4). Keywords of ``--leave-out`` have the value None.

    Raises
    ------
    CommandLineError
        If a setting has no ``=``, or two name the same keyword.
    MetadataError
        If the file cannot be read.

    Examples
    --------
    >>> metadata_of(None, ["PatientID=42", r"ImageType=DERIVED\SECONDARY", "PatientName="])
    {'PatientID': '42', 'ImageType': ['DERIVED', 'SECONDARY'], 'PatientName': ''}
    >>> metadata_of(None, [], ["KVP"])
    {'KVP': None}
    """
    if file is None and not settings and not left_out:
        return None
    attributes: dict[str, Any] = {} if file is None else dict(mapping_of("--meta", file))
    given: set[str] = set()
    for setting in settings:
        keyword, equals, value = setting.partition("=")
        if not equals or not keyword.strip() or keyword in given:
            raise CommandLineError(
                code="setting-malformed" if keyword not in given else "setting-twice",
                where="--set",
                given=setting,
                expected="Keyword=Value, each keyword once; several values are parted by a backslash",
                remedy="Write for example --set PatientID=42, in quotes where a value has blanks.",
            )
        given.add(keyword)
        attributes[keyword.strip()] = value.split("\\") if "\\" in value else value
    return attributes | dict.fromkeys(left_out)


def uid_of(text: str) -> str | dict[str, str]:
    """Return a policy, a root, or a mapping for ``StudyInstanceUID=…,SeriesInstanceUID=…``.

    Examples
    --------
    >>> uid_of("content"), uid_of("StudyInstanceUID=1.2.3,others=content")
    ('content', {'StudyInstanceUID': '1.2.3', 'others': 'content'})
    """
    if "=" not in text:
        return text
    pairs = (pair.partition("=") for pair in text.split(","))
    return {keyword.strip(): uid.strip() for keyword, _, uid in pairs}


def now_of(text: str | None) -> datetime | None:
    """Return the time of ``--now``.

    Raises
    ------
    CommandLineError
        If it is not an ISO 8601 date with a time.

    Examples
    --------
    >>> now_of("2024-01-31T12:00:00").hour
    12
    """
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError as fault:
        raise CommandLineError(
            code="now-malformed",
            where="--now",
            given=text,
            expected="a date and time such as 2024-01-31T12:00:00 (ISO 8601)",
            remedy="Write year, month and day with dashes, then T and the time.",
        ) from fault


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


def _matrix(path: Path) -> Any:
    import numpy as np

    if path.suffix.lower() == ".npy":
        return np.load(path, allow_pickle=False)
    text = path.read_text(encoding="utf-8")
    if path.suffix.lower() == ".json":
        return json.loads(text)
    return np.loadtxt(text.replace(",", " ").splitlines())


def mapping_of(option: str, file: str) -> Mapping[str, Any]:
    """Return the mapping in a TOML or JSON file that an option names.

    Raises
    ------
    MetadataError
        If there is none in it, with the option in its place.
    """
    from dicomseries import metadata

    path = Path(file)
    parsers: dict[str, Callable[[str], Mapping[str, Any]]] = {
        ".toml": metadata.parse_toml,
        ".json": metadata.parse_json,
    }
    parse = parsers.get(path.suffix.lower())
    if parse is None:
        raise _unreadable(option, path, f"a file that ends with {path.suffix!r}")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise _unreadable(option, path, getattr(fault, "strerror", None) or str(fault)) from fault
    try:
        return parse(text)
    except MetadataError as fault:
        raise _in_file(option, path, fault) from fault


def _in_file(option: str, path: Path, fault: MetadataError) -> MetadataError:
    """Return the fault of a text with the name of the file it stands in."""
    return MetadataError(
        code=fault.code,
        where=f"{option} {path}",
        given=fault.given,
        expected=fault.expected,
        remedy=fault.remedy,
    )


_CONTENTS = {
    "--bids": ("the keys of a BIDS sidecar", '{"EchoTime": 0.00298}'),
    "--meta": ("one value for each DICOM keyword", 'PatientID = "42"'),
    "--per-volume": ("a list of values for each DICOM keyword", "EchoTime = [4.6, 9.2]"),
    "--segments": ("a name or a table for each label", '1 = "Liver"'),
}
"""Option → what its file holds, and an example of a line."""


def _unreadable(option: str, path: Path, given: str) -> MetadataError:
    contents, example = _CONTENTS[option]
    return MetadataError(
        code="metadata-unreadable",
        where=f"{option} {path}",
        given=given,
        expected=f"a .toml or .json file in UTF-8 with {contents}",
        remedy=f"Write for example {example} into a {'.json' if example.startswith('{') else '.toml'} file.",
    )
