"""``dicomseries transcode``: series in another transfer syntax."""

from __future__ import annotations

from typing import Annotated, Any, cast

import click

from dicomseries.cli import shared_options
from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine, CommandOption
from dicomseries.cli.exit_codes import Exit
from dicomseries.cli.help_sections import examples
from dicomseries.cli.log_on_stderr import highdicom_log_on_stderr
from dicomseries.cli.output import Output
from dicomseries.cli.progress import progress_bar
from dicomseries.cli.storage_options import storage_options_of

__all__ = ["register", "transcode"]


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        short_help="Series in another transfer syntax, all else kept.",
        epilog=examples(
            "dicomseries transcode scans/ out/ --compress jpegls",
            "dicomseries transcode archive/ native/ --compress none",
            "dicomseries transcode enhanced/ classic/ --to classic",
            "dicomseries transcode scans/ small/ --compress jpegls --near 2",
            "dicomseries transcode scans/ cd.zip --dicomdir",
        ),
    )(transcode)


def transcode(
    context: click.Context,
    series: Annotated[
        str,
        CommandArgument(metavar="SERIES", help="Folder with all below it, file, archive or URL."),
    ],
    out: Annotated[str, CommandArgument(metavar="OUT", help="Folder, .zip, .tar or URL to make.")],
    *,
    compress: Annotated[
        str | None,
        CommandOption(
            "--compress",
            metavar="CODEC",
            help="none, rle, jpegls, j2k, htj2k or jxl; without loss unless --near or --ratio says"
            " so.  [default: copy the files as they are]",
        ),
    ] = None,
    near: Annotated[
        int | None,
        CommandOption(
            "--near",
            metavar="N",
            help="With loss, for jpegls: no stored value changes by more than N.",
        ),
    ] = None,
    ratio: Annotated[
        float | None,
        CommandOption(
            "--ratio",
            metavar="R",
            help="With loss, for j2k and htj2k: the pixels become R times smaller.",
        ),
    ] = None,
    to: Annotated[
        str | None,
        CommandOption(
            "--to",
            metavar="FORM",
            help="classic: a file for each frame of multi-frame files. enhanced: one legacy"
            " converted enhanced file for each series of CT, MR or PT, which needs highdicom."
            " [default: files stay as they are]",
        ),
    ] = None,
    workers: shared_options.Workers = None,
    overwrite: shared_options.Overwrite = False,
    dicomdir: shared_options.Dicomdir = False,
    storage_options: shared_options.StorageOptions = None,
) -> int:
    """Copy series in another transfer syntax or as other files.

    Stored values, UIDs and all other elements stay as they are. Each frame that is encoded anew is
    decoded by a second decoder and compared. OUT appears when all files are there. A file whose
    pixels the codec cannot hold is copied as it is, and listed with the reason.

    With --to, enhanced multi-frame files become files of one frame, or the other way round, with
    new UIDs; each frame is read again and compared. With --near or --ratio the files are derived
    images with new UIDs, and the largest and the mean error are printed.
    """
    import dicomseries as dcs

    output: Output = context.obj
    with progress_bar(output) as progress, highdicom_log_on_stderr(output):
        receipt = dcs.transcode(
            series,
            out,
            compression=cast("Any", compress),
            near=near,
            ratio=ratio,
            to=cast("Any", to),
            overwrite=overwrite,
            dicomdir=dicomdir,
            workers=workers,
            progress=progress,
            storage_options=storage_options_of(storage_options),
        )
    output.result(str(receipt), receipt.to_dict())
    return int(Exit.DONE)
