"""``dicomseries send``: series to an archive."""

from __future__ import annotations

from typing import Annotated, Any

import click

from dicomseries.cli import shared_options, terminal
from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine, CommandOption
from dicomseries.cli.commands.network import archive_options as archive
from dicomseries.cli.help_sections import Sectioned, examples
from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.output import Output
from dicomseries.cli.progress import progress_bar

__all__ = ["register", "send"]


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        cls=Sectioned,
        short_help="Send series to an archive (PACS), by DICOM or DICOMweb.",
        epilog=examples(
            "dicomseries send series/ dicom://ARCHIVE@pacs.example:104 --calling MYAET",
            "dicomseries send series/ https://pacs.example/dicom-web --auth-file token.txt",
            "dicomseries send scans.zip dicoms://ARCHIVE@pacs.example --confirm",
            "dicomseries send series/ dicom://ARCHIVE@pacs.example:104 --receipt sent.json",
            "dicomseries send 'dicom://A@host:104?study=1.2.3' https://host/dicom-web",
        ),
    )(send)


def send(
    context: click.Context,
    series: Annotated[
        str,
        CommandArgument(
            metavar="SERIES",
            help="Folder with DICOM files (and all below it), a file, a ZIP or tar file, or a URL.",
        ),
    ],
    url: Annotated[
        str,
        CommandArgument(
            metavar="URL", help="dicom://AET@HOST:PORT, dicoms://… (TLS) or https://HOST/dicom-web."
        ),
    ],
    *,
    uid: Annotated[
        str | None,
        CommandOption("--series", metavar="UID", help="Send only this SeriesInstanceUID."),
    ] = None,
    again: Annotated[
        bool,
        CommandOption("--again", help="Send the instances that the archive has already, too."),
    ] = False,
    confirm: Annotated[
        bool,
        CommandOption(
            "--confirm",
            help="Fetch every instance back, compare attributes and pixels, and say what was"
            " proven. A dicom:// archive is asked for storage commitment first, and has 60 s to"
            " report (--storage-options commit_timeout=SECONDS).",
        ),
    ] = False,
    receipt: Annotated[
        str | None,
        CommandOption(
            "--receipt",
            metavar="FILE",
            help="JSON file with the answer to each instance, also after a failure; that of an"
            " earlier run is replaced.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        CommandOption("--dry-run", help="Connect and say what would be sent; send nothing."),
    ] = False,
    access: archive.ArchiveAccess,
    associations: archive.Associations = None,
    storage_options: shared_options.StorageOptions = None,
) -> None:
    """Send the instances that an archive does not have yet.

    After a failure or Ctrl-C, the same command sends the rest. If the archive does not take every
    instance, the exit code is 4, and the report names the first faults. Pixels are compressed
    otherwise, without loss, where the archive does not accept the files as they are.
    """
    import dicomseries as dcs
    from dicomseries.errors import DeliveryError

    output: Output = context.obj
    options = access.options(storage_options, associations=associations)
    from dicomseries.network import is_peer_url

    try:
        with progress_bar(output) as progress:
            result = dcs.send(
                series,
                access.url_of(url),
                series=uid,
                again=again,
                confirm=confirm,
                receipt=receipt,
                dry_run=dry_run,
                progress=progress,
                storage_options=options,
                source_options=options if is_peer_url(series) else None,
            )
    except DeliveryError as error:
        if error.receipt is not None and not output.json:
            output.result(_text(error.receipt), {})
        raise
    output.result(_text(result), result.to_dict())


def _text(receipt: Any) -> str:
    """Return a receipt as a table, or as lines in a pipe."""
    if terminal.is_terminal():
        facts = [(name, on_command_line(text)) for name, text in receipt.facts()]
        return terminal.facts_table(facts)
    return "\n".join(map(on_command_line, receipt.lines()))
