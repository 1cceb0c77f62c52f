"""Choice of one series among those of a folder."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType

from dicomseries.errors import ReadError, counted
from dicomseries.reading.contents.listed_files import contains_no_series, no_series
from dicomseries.reading.problems import Problem
from dicomseries.reading.series_files import LocalFiles, SeriesFiles, name_of_files
from dicomseries.reading.series_folders import Scan, Series

__all__ = ["damage_problems", "nothing_found", "select", "select_images"]


_MOST_LISTED = 50
"""Series or parts in a message."""


def select(path: SeriesFiles | LocalFiles, scanned: Scan, series: str | None) -> Series:
    """Return the series with this UID, or the only one.

    Parameters
    ----------
    path : path-like, or sequence of str or Dataset
        For messages.
    scanned : Scan
        Content of the folder.
    series : str or None
        SeriesInstanceUID, or ``"UID/part"`` if one UID has several parts.

    Raises
    ------
    ReadError
        If there is no series (code "no-series", or the reason why the one file cannot be read),
        none of that UID ("series-not-found"), several and no UID ("several-series"), or several
        parts of one UID and none is named ("several-parts").
    """
    name = name_of_files(path)
    if not scanned.series:
        raise nothing_found(name, scanned)
    matching = [item for item in scanned.series if series in {None, item.series_uid, item.choice}]
    if len(matching) == 1:
        return matching[0]
    if not matching:
        raise _to_choose(
            name,
            scanned.series,
            code="series-not-found",
            given=f"{series}",
            expected="the SeriesInstanceUID of a series in this folder",
        )
    if len({item.series_uid for item in matching}) == 1:
        raise _to_choose(
            name,
            matching,
            code="several-parts",
            given=f"a series whose images are not one array, in {len(matching)} parts",
            expected="one part",
        )
    raise _to_choose(
        name,
        matching,
        code="several-series",
        given=f"{len(matching)} series",
        expected="one series",
    )


def _to_choose(
    name: str, listed: Sequence[Series], *, code: str, given: str, expected: str
) -> ReadError:
    lines = "\n".join(f"  {item}" for item in listed[:_MOST_LISTED])
    if len(listed) > _MOST_LISTED:
        lines += f"\n  and {len(listed) - _MOST_LISTED} more"
    return ReadError(
        code=code,
        where=name,
        given=given,
        expected=expected,
        remedy=f"Choose one with `series=`, e.g. `series={listed[0].choice!r}`:\n{lines}",
    )


def select_images(path: SeriesFiles | LocalFiles, scanned: Scan, series: str | None) -> Series:
    """Return the image series with this UID, or the only one with images.

    Parameters
    ----------
    path, scanned, series
        As for `select`.

    Returns
    -------
    Series
        With a warning if series without images were left out.

    Raises
    ------
    ReadError
        As `select`; with the code "no-pixels" if several series hold no image at all.
    """
    others = [item for item in scanned.series if not item.has_images]
    images = tuple(item for item in scanned.series if item.has_images)
    if series is not None or not others or len(scanned.series) == 1:
        return select(path, scanned, series)
    objects = list(itertools.chain(*(item.instances for item in others)))
    if not images:
        raise _objects().only_objects(objects).error(name_of_files(path))
    chosen = select(path, replace(scanned, series=images), None)
    problem = _objects().left_out_series(len(others), objects)
    return replace(chosen, problems=(*chosen.problems, problem))


def damage_problems(scanned: Scan) -> list[Problem]:
    """Return one warning about all files that cannot be read."""
    if not scanned.problems:
        return []
    first = scanned.problems[0]
    others = counted(len(scanned.instances), "other file")
    verb = "is" if len(scanned.instances) == 1 else "are"
    text = f"{first.text}; {others} {verb} fine"
    if len(scanned.problems) > 1:
        text = f"{len(scanned.problems)} files cannot be read, the first is {text}"
    return [replace(first, level="warning", text=text, cause=None)]


def nothing_found(path: str, scanned: Scan) -> ReadError:
    """Return the error for a path without a series.

    That of a damaged file if there is one.

    Parameters
    ----------
    path : str
        As the user gave it.
    scanned : Scan
        Without any series.
    """
    causes = [problem.cause for problem in scanned.problems if problem.cause is not None]
    if len(causes) == 1 and not scanned.skipped:
        return causes[0]
    counts = f"{counted(scanned.skipped, 'file')} not DICOM"
    if not causes:
        return no_series(path, f"{contains_no_series(path)} ({counts})")
    first = causes[0]
    counts += f", {counted(len(causes), 'file')} damaged"
    return ReadError(
        code="no-series",
        where=path,
        given=f"{contains_no_series(path)} ({counts}, such as {first.where}: {first.given})",
        expected=first.expected,
        remedy=first.remedy,
    )


def _objects() -> ModuleType:
    from dicomseries.reading.contents import objects_without_pixels  # noqa: PLC0415 - rare

    return objects_without_pixels
