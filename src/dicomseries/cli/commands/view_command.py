"""``dicomseries view``: a series in the browser, as page or picture."""

from __future__ import annotations

import contextlib
import sys
import webbrowser
from collections.abc import Mapping
from typing import Annotated, Any

import click

from dicomseries.cli import shared_options
from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine, CommandOption
from dicomseries.cli.exit_codes import CommandLineError
from dicomseries.cli.help_sections import examples
from dicomseries.cli.output import Output
from dicomseries.cli.progress import progress_bar
from dicomseries.cli.storage_options import shown, storage_options_of

__all__ = ["register", "view"]


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        short_help="A series in the browser, or as a page or a picture.",
        epilog=examples(
            "dicomseries view out/",
            "dicomseries view scan/ --overlay segmentation/",
            "dicomseries view out/ --html page.html --png sheet.png",
            "dicomseries view out/ --viewer niivue",
            "dicomseries view out/ --viewer ohif --ohif-dist package/dist",
        ),
    )(view)


def view(
    context: click.Context,
    series: Annotated[
        str, CommandArgument(metavar="SERIES", help="Folder, file, archive or URL of the series.")
    ],
    *,
    uid: shared_options.Series = None,
    overlay: Annotated[
        str | None,
        CommandOption(
            metavar="SERIES2",
            help="A segmentation, or another series on the same grid, to lay over it.",
        ),
    ] = None,
    html: Annotated[
        str | None,
        CommandOption(
            "--html", metavar="FILE", help="Write one page that holds everything, and end."
        ),
    ] = None,
    png: Annotated[
        str | None,
        CommandOption(
            "--png", metavar="FILE", help="Write a picture of the planes and slices, and end."
        ),
    ] = None,
    no_open: Annotated[
        bool, CommandOption("--no-open", help="Print the address, do not open the browser.")
    ] = False,
    viewer: Annotated[
        str | None,
        CommandOption(
            metavar="NAME",
            help="Another viewer: niivue (planes and 3D), dcmview (slices and tags), ohif."
            "  [default: the quick look]",
        ),
    ] = None,
    ohif_dist: Annotated[
        str | None,
        CommandOption(metavar="DIR", help="Folder of OHIF: `npm pack @ohif/app@3.13.2`, unpacked."),
    ] = None,
    overwrite: shared_options.Overwrite = False,
    storage_options: shared_options.StorageOptions = None,
) -> None:
    """Look at a series: three linked planes, window, values, positions, attributes, findings.

    The page is served to this machine only, at an address with a secret, until Ctrl-C. The tab Keys
    of the page lists keyboard, mouse and touch.
    """
    from dicomseries.api import look, opened_in
    from dicomseries.reading import local_files
    from dicomseries.sinks import check_free

    output: Output = context.obj
    is_quick_look = viewer is None and ohif_dist is None
    if not is_quick_look:
        _check_alone(viewer, overlay=overlay, html=html, png=png)
    targets = {"html": html, "png": png}
    for path in filter(None, targets.values()):
        check_free(path, overwrite=overwrite)
    options = storage_options_of(storage_options)
    # What is fetched or unpacked stays in a private folder for as long as it is shown.
    with contextlib.ExitStack() as stack:
        with progress_bar(output) as progress:
            files = stack.enter_context(local_files(series, options, progress))
            others = None
            if overlay is not None:
                others = stack.enter_context(local_files(overlay, options, progress))
        if is_quick_look:
            quick_look = look(files, series=uid, overlay=others)
            if any(targets.values()):
                _save(quick_look, targets, shown(series), output, overwrite=overwrite)
                return
            server = stack.enter_context(quick_look.opened())
        else:
            opened = opened_in(viewer or "ohif", files, series=uid, program=ohif_dist)
            server = stack.enter_context(opened)
        _run(server, shown(series), output, opens_browser=not no_open)


def _save(
    quick_look: Any,
    targets: Mapping[str, str | None],
    series: str,
    output: Output,
    *,
    overwrite: bool,
) -> None:
    """Save page and picture, and say so."""
    from dicomseries.sinks import save_bytes

    contents: dict[str, bytes] = {}
    if targets["html"] is not None:
        contents["html"] = quick_look.html().encode("utf-8")
    if targets["png"] is not None:
        contents["png"] = quick_look.png()
    lines = []
    record = {"series": series}
    for name, content in contents.items():
        path = str(targets[name])
        save_bytes(path, content, overwrite=overwrite)
        lines.append(f"{path}: {len(content):,} bytes")
        record[name] = path
    output.result("\n".join(lines), record)


def _check_alone(viewer: str | None, **others: str | None) -> None:
    """Reject options of the quick look beside another viewer."""
    flags = " and ".join(f"--{name}" for name, value in others.items() if value is not None)
    if flags:
        raise CommandLineError(
            code="usage",
            where="dicomseries view",
            given=f"--viewer {viewer or 'ohif'} with {flags}",
            expected="either another viewer, or pages and pictures of the quick look",
            remedy=f"Leave out {flags}, or --viewer.",
        )


def _run(server: Any, series: str, output: Output, *, opens_browser: bool) -> None:
    record = {"series": series, "url": server.address}
    with contextlib.suppress(KeyboardInterrupt):
        output.answer(f"{series} is shown at {server.address}\nCtrl-C ends it.", record)
        sys.stdout.flush()
        if opens_browser and not webbrowser.open(server.address):
            output.note("no browser was found here: open the address in one")
        server.run()
