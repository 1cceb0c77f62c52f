"""``dicomseries serve``: a folder for DICOMweb clients on this machine."""

from __future__ import annotations

import contextlib
import sys
from typing import Annotated

import click

from dicomseries.cli import shared_options
from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine, CommandOption
from dicomseries.cli.help_sections import examples
from dicomseries.cli.output import Output
from dicomseries.cli.progress import progress_bar
from dicomseries.cli.storage_options import shown, storage_options_of

__all__ = ["register", "serve"]


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        short_help="A folder as DICOMweb, for OHIF, Slicer and others.",
        epilog=examples(
            "dicomseries serve scans/",
            "dicomseries serve scans/ --port 8042 --json",
            "dicomseries serve scans.zip",
        ),
    )(serve)


def serve(
    context: click.Context,
    series: Annotated[
        str,
        CommandArgument(
            metavar="SERIES", help="Folder with all series below it, file, archive or URL."
        ),
    ],
    *,
    port: Annotated[
        int,
        CommandOption(
            metavar="N", minimum=0, maximum=65535, help="Port of 127.0.0.1; 0 takes a free one."
        ),
    ] = 0,
    storage_options: shared_options.StorageOptions = None,
) -> None:
    """Serve the series of a folder as DICOMweb (QIDO-RS, WADO-RS), read-only, until Ctrl-C.

    Give a client the printed address as its root for QIDO-RS and WADO-RS: OHIF's qidoRoot and
    wadoRoot, the server of 3D Slicer's DICOMweb browser, DICOMwebClient(url=...).

    The address has a secret, new each time, and works on this machine only. Everyone with the
    address can read the whole folder, but not change it. Files that appear later are not served,
    and no file is kept in memory. What is at a URL is fetched into a private folder first, which is
    removed at the end; a ZIP or tar archive is unpacked there.
    """
    from dicomseries import api
    from dicomseries.reading import local_files

    output: Output = context.obj
    with contextlib.ExitStack() as stack:
        with progress_bar(output) as progress:
            files = stack.enter_context(
                local_files(series, storage_options_of(storage_options), progress)
            )
        index = api.held_at(files)
        server, address = stack.enter_context(api.serve(index, port=port))
        name, count = shown(series), len(index.instances)
        record = {"series": name, "url": address, "instances": count}
        with contextlib.suppress(KeyboardInterrupt):
            text = f"{name} ({count:,} instances) is served as DICOMweb at {address}"
            output.answer(f"{text}\nCtrl-C ends it.", record)
            sys.stdout.flush()
            server.serve_forever(poll_interval=0.1)
