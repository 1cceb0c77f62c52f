"""``dicomseries convert``: every series of a folder becomes files of another format."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, cast

import click

from dicomseries.cli import shared_options
from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine, CommandOption
from dicomseries.cli.exit_codes import Exit
from dicomseries.cli.help_sections import examples
from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.output import Output, table
from dicomseries.cli.progress import progress_bar
from dicomseries.cli.storage_options import storage_options_of
from dicomseries.errors import Message, counted, template_of

if TYPE_CHECKING:  # numpy is not needed to say how the command is called
    from dicomseries.reports import ConversionReport, ConvertedSeries

__all__ = ["convert", "register"]

_COLUMNS = ("number", "description", "file", "size")


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        short_help="Every series below a folder into files, as dcm2niix does.",
        epilog=examples(
            "dicomseries convert scans/ nifti/",
            "dicomseries convert scans/ nifti/ --name %i/%s_%p",
            "dicomseries convert ct/ out/ --format nrrd --even linear",
            "dicomseries convert scans/ nifti/ --json | jq '.rows[] | select(.reason != \"\")'",
        ),
    )(convert)


def convert(
    context: click.Context,
    folder: Annotated[
        str,
        CommandArgument(
            metavar="FOLDER", help="Folder with DICOM files, and all below it; or a URL."
        ),
    ],
    out: Annotated[str, CommandArgument(metavar="OUT", help="Folder of the files.")],
    *,
    format: Annotated[  # noqa: A002 - the name of the option
        str,
        CommandOption(
            "--format",
            metavar="SUFFIX",
            help="nii.gz, nii, nrrd, mha, npz, npy, tif or zarr.",
        ),
    ] = "nii.gz",
    name: Annotated[
        str,
        CommandOption(
            "--name",
            metavar="PATTERN",
            help="Names of the files: %p protocol, %s series number, %d description, %t date and"
            " time, %f folder, %i and %n patient, %e echo, %z sequence, %j series UID; / makes"
            " folders.",
        ),
    ] = "%f_%p_%t_%s",
    sidecar: Annotated[
        bool,
        CommandOption(
            "--sidecar/--no-sidecar",
            help="Write NAME.json with the keys of BIDS.  [default: sidecar]",
        ),
    ] = True,
    even: Annotated[
        str | None,
        CommandOption(
            "--even",
            metavar="HOW",
            help="Resample uneven and tilted series to an even grid: linear or nearest.",
        ),
    ] = None,
    workers: shared_options.Workers = None,
    overwrite: shared_options.Overwrite = False,
    storage_options: shared_options.StorageOptions = None,
) -> int:
    """Convert every series below a folder to files with BIDS sidecars.

    Echoes, parts of complex images and the orientations of localizers become separate files.
    Values are those that viewers show; the sidecar has Philips' private scale.
    A series that cannot be converted does not stop the others: the table names the reason, and the
    exit code is 1.
    """
    import dicomseries as dcs

    output: Output = context.obj
    with progress_bar(output) as progress:
        report = dcs.convert(
            folder,
            out,
            format=format,
            name=name,
            sidecar=sidecar,
            even=cast("Any", even),
            overwrite=overwrite,
            workers=workers,
            progress=progress,
            storage_options=storage_options_of(storage_options),
        )
    output.result(_text(report), report.to_dict())
    return int(Exit.FINDINGS if report.failed else Exit.DONE)


def _text(report: ConversionReport) -> str:
    lines = []
    if report.converted:
        lines.append(table(_COLUMNS, list(map(_cells, report.converted))))
    lines += _notes(report)
    for row in report.failed:
        title = " ".join(filter(None, (_number(row), row.description, row.part)))
        reason = on_command_line(Message(template_of(row.reason)))
        lines.append(f"not converted: {title or row.series_uid}: {reason}")
    lines.append(report.summary)
    if report.skipped:
        lines.append(f"{counted(report.skipped, 'file')} skipped: not DICOM")
    lines += [f"not read: {text}" for text in report.broken]
    return "\n".join(lines)


def _notes(report: ConversionReport) -> list[str]:
    """Return the first sentence of each note once, with the files it is about."""
    files_of: dict[str, list[str]] = {}
    for row in report.converted:
        for note in row.notes:
            sentence = template_of(note).partition(". ")[0].rstrip(".")
            files_of.setdefault(sentence, []).append(PurePath(row.files[0]).name)
    lines = []
    for sentence, files in files_of.items():
        others = len(files) - 1
        more = f" and {counted(others, 'other file')}" if others else ""
        lines.append(f"note: {files[0]}{more}: {on_command_line(Message(sentence))}")
    if lines:
        lines.append("The whole notes: --json.")
    return lines


def _cells(row: ConvertedSeries) -> tuple[str, ...]:
    size = " x ".join(map(str, row.shape))
    return _number(row), row.description, row.files[0], size


def _number(row: ConvertedSeries) -> str:
    return "" if row.number is None else str(row.number)
