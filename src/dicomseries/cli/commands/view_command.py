"""``dicomseries view``: a series in the browser, as page or picture."""

from __future__ import annotations

import contextlib
import sys
import webbrowser
from typing import Annotated, Any

import click

from dicomseries.cli import shared_options
from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine, CommandOption
from dicomseries.cli.exit_codes import CommandLineError
from dicomseries.cli.help_sections import examples
from dicomseries.cli.output import Output
from dicomseries.cli.storage_options import storage_options_of

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
        str, CommandArgument(metavar="SERIES", help="Folder, file or URL of the series.")
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
    from dicomseries.sinks import check_free, save_bytes
    from dicomseries.stores import is_url

    output: Output = context.obj
    if is_url(series):  # fetched into a private folder for as long as it is shown
        with local_files(series, storage_options_of(storage_options)) as folder:
            view(
                context,
                str(folder),
                uid=uid,
                overlay=overlay,
                html=html,
                png=png,
                no_open=no_open,
                viewer=viewer,
                ohif_dist=ohif_dist,
                overwrite=overwrite,
            )
        return
    if viewer is not None or ohif_dist is not None:
        _check_alone(viewer, overlay=overlay, html=html, png=png)
        with opened_in(viewer or "ohif", series, series=uid, program=ohif_dist) as server:
            _run(server, series, output, opens_browser=not no_open)
        return
    for path in filter(None, (html, png)):
        check_free(path, overwrite=overwrite)
    quick_look = look(series, series=uid, overlay=overlay)
    files: dict[str, tuple[str, bytes]] = {}
    if html is not None:
        files["html"] = (html, quick_look.html().encode("utf-8"))
    if png is not None:
        files["png"] = (png, quick_look.png())
    lines = []
    paths = {}
    for name, (path, content) in files.items():
        save_bytes(path, content, overwrite=overwrite)
        lines.append(f"{path}: {len(content):,} bytes")
        paths[name] = path
    if files:
        output.result("\n".join(lines), {"series": series, **paths})
        return
    with quick_look.opened() as server:
        _run(server, series, output, opens_browser=not no_open)


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
