"""``dicomseries list``: every series below a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import click

from dicomseries.cli import shared_options
from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine
from dicomseries.cli.commands.network import archive_options as archive
from dicomseries.cli.help_sections import Sectioned, examples
from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.output import Output, table
from dicomseries.cli.progress import progress_bar
from dicomseries.cli.storage_options import shown
from dicomseries.cli.terminal import is_terminal, printable
from dicomseries.cli.terminal import preview as show_preview
from dicomseries.errors import DicomSeriesError, counted
from dicomseries.volume_axes import VolumeAxis, axis_words, record_of_volumes

__all__ = ["list_series", "register"]

_COLUMNS = ("series UID", "kind", "description", "size", "spacing mm", "files", "content")

_NO_GRID = dict.fromkeys(("spacing_mm", "origin_lps", "direction_lps"))

_NO_PIXELS = "no-pixels"
"""Code of the problem that the last column shows."""
_MOST_STACKS = 4
_MOST_SEGMENTS = 3
"""Segments that are named in the table; programs get all of them."""


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        "list",
        cls=Sectioned,
        short_help="Every series below a folder, or in an archive.",
        epilog=examples(
            "dicomseries list scans/",
            "dicomseries list scans/ --json | jq .series",
            "dicomseries list dicom://ARCHIVE@pacs.example:104 --patient 42",
            "dicomseries list https://pacs.example/dicom-web --date 2026-11-01:2026-11-30",
        ),
    )(list_series)


def list_series(
    context: click.Context,
    folder: Annotated[
        str,
        CommandArgument(
            metavar="DIR",
            help="Folder to look below; or the URL of an archive, or of a study in it.",
        ),
    ],
    *,
    preview: shared_options.Preview = False,
    filters: archive.StudyFilters,
    access: archive.ArchiveAccess,
    storage_options: shared_options.StorageOptions = None,
) -> None:
    """List every series below a folder, one in a row; files that are not DICOM are counted.

    The size is columns x rows x slices of one volume. The last column names what a series holds
    beside slices: volumes (time points, echoes, diffusion weightings) with the time from the first
    to the last, segments, frames in one file.

    Of an archive, studies are listed, or the series of a study, with the URL to read each; nothing
    is fetched. A URL that names a series fetches that, and lists it like a folder.
    """
    import dicomseries as dcs

    output: Output = context.obj
    options = access.options(storage_options)
    folder = access.url_of(folder)
    if archive.is_listed_by_query(folder, filters):
        listing = dcs.find(folder, **filters.arguments, storage_options=options)
        text = "\n".join([table(listing.columns, listing.cells()), listing.summary])
        output.answer(text, listing.to_dict())
        return
    with progress_bar(output) as progress:
        scan = dcs.scan(folder, progress=progress, storage_options=options)
    if not scan.series:
        from dicomseries.reading import nothing_found

        raise nothing_found(shown(folder), scan)
    previews = []
    if preview and is_terminal() and not output.json:
        for series in scan.series:
            previews.append(_preview(folder, series.choice, options))
    _show(scan, previews, output)


def _show(scan: Any, previews: Sequence[str], output: Output) -> None:
    """Print the series of a folder, and their problems."""
    rows = list(map(_row, scan.series))
    lines = [table(_COLUMNS, list(map(_cells, rows))), *previews]
    if scan.skipped:
        lines.append(f"{counted(scan.skipped, 'file')} skipped: not DICOM")
    record = {
        "series": rows,
        "skipped": scan.skipped,
        "problems": list(map(_problem, scan.problems)),
    }
    output.answer("\n".join(lines), record)
    if not output.json:
        _note_problems(scan, output)


def _note_problems(scan: Any, output: Output) -> None:
    """Print the problems that the table does not show."""
    for series in scan.series:
        for problem in series.problems:
            if problem.code != _NO_PIXELS:
                output.note(f"{series.choice}: {problem.text}")
    for problem in scan.problems:
        output.note(problem.text)


def _preview(folder: str, series_uid: str, options: Mapping[str, Any] | None) -> str:
    """Return a title and the middle slice, or an error."""
    import dicomseries as dcs

    try:
        picture = show_preview(dcs.read(folder, series=series_uid, storage_options=options))
    except DicomSeriesError as error:
        picture = f"\nno preview: {printable(' '.join(str(error).split()))}"
    return f"\n{series_uid}{picture}" if picture else ""


def _row(series: Any) -> dict[str, Any]:
    """Return the facts of a series, for programs."""
    from dicomseries.drawing import numbers_of_grid

    layout = series.layout
    size, numbers = (series.columns, series.rows, series.frames), _NO_GRID
    if not series.has_images:
        size = (0, 0, 0)
    grid = series.grid or series.planes
    if grid is not None:
        size, numbers = tuple(reversed(grid.shape)), numbers_of_grid(grid)
    return {
        "series_uid": series.series_uid,
        "part": series.part,
        "study_uid": series.study_uid,
        "kind": series.kind,
        "modality": series.modality,
        "description": series.description,
        "number": series.number,
        "size": size,
        **numbers,
        "frames": series.frames,
        "volumes": series.volumes or 1,
        "times_s": series.times_s,
        "irregular": "" if series.planes is None else series.planes.summary,
        "stacks": {stack.name: len(stack.members) for stack in series.stacks},
        **record_of_volumes(layout.axes, layout.b_values, layout.gradients),
        "segments": {str(number): label for number, label in series.segments.items()},
        "files": list(map(str, series.paths)),
        "left_out": [instance.path for instance in series.left_out],
        "objects": [instance.path for instance in series.objects],
        "problems": list(map(_problem, series.problems)),
    }


def _problem(problem: Any) -> dict[str, str]:
    return {
        "code": problem.code,
        "level": problem.level,
        "text": problem.text,
        "remedy": on_command_line(problem.remedy),
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of a series in the table."""
    spacing = " ".join(map(_length, row["spacing_mm"] or (None,)))
    return (
        "/".join(filter(None, (row["series_uid"], row["part"]))),
        str(row["kind"] or row["modality"] or "?"),
        str(row["description"] or ""),
        "" if _is_without_pixels(row) else "x".join(map(str, row["size"])),
        "" if _is_without_pixels(row) else spacing,
        str(len(row["files"])),
        _content(row),
    )


def _is_without_pixels(row: dict[str, Any]) -> bool:
    """Return whether a series holds reports, plans or raw data, and no image."""
    return not row["frames"]


def _length(length: float | None) -> str:
    return "?" if length is None else f"{length:.6g}"


def _content(row: dict[str, Any]) -> str:
    """Return volumes, segments and frames of a series."""
    parts = []
    if _is_without_pixels(row):
        parts.append("no pixels")
    is_clip = row["volumes"] > 1 and row["origin_lps"] is None and row["size"][2] == 1
    if row["volumes"] > 1:
        parts.append(_volumes(row, "frames" if is_clip else "volumes"))
    for key, words in _WORDS.items():
        if row[key]:
            parts.append(words(row[key]))
    if row["frames"] not in {0, len(row["files"])} and not is_clip:
        parts.append(f"{row['frames']} frames")
    if row["objects"]:
        parts.append(f"{counted(len(row['objects']), 'object')} without pixels")
    return ", ".join(parts)


def _volumes(row: dict[str, Any], noun: str) -> str:
    """Return number, duration and axes of volumes."""
    text, times = f"{row['volumes']} {noun}", row["times_s"]
    if times is not None:
        text += f" in {times[-1]:g} s"
    axes = [VolumeAxis(**axis) for axis in row["volume_axes"]]
    if axes and [axis.name for axis in axes] not in (["time"], ["volume"]):
        text += f": {axis_words(axes)}"
    return text


def _stacks(stacks: Mapping[str, int]) -> str:
    """Return the number of stacks, and a few names with their slices."""
    count = counted(len(stacks), "stack")
    if len(stacks) > _MOST_STACKS:
        return count
    names = ", ".join(f"{name} {slices}" for name, slices in stacks.items())
    return f"{count} ({names})"


def _segments(segments: Mapping[str, str]) -> str:
    """Return the number of segments, and a few labels."""
    count = counted(len(segments), "segment")
    if len(segments) > _MOST_SEGMENTS:
        return count
    labels = ", ".join(f"{number} {label}" for number, label in segments.items())
    return f"{count} ({labels})"


_WORDS: Mapping[str, Callable[[Any], str]] = {
    "irregular": str,
    "stacks": _stacks,
    "segments": _segments,
}
"""Fact of a series → its words in the table."""
