"""``dicomseries view``: a series in the browser, as one HTML page, or as a picture."""

from __future__ import annotations

import contextlib
import sys
import webbrowser
from typing import Annotated, Any

import typer

from dicomseries.cli import shared_options
from dicomseries.cli.exit_codes import CommandLineError
from dicomseries.cli.help_sections import examples
from dicomseries.cli.output import Output

__all__ = ["register", "view"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
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
    context: typer.Context,
    series: Annotated[str, typer.Argument(metavar="SERIES", help="Folder or file of the series.")],
    *,
    uid: shared_options.Series = None,
    overlay: Annotated[
        str | None,
        typer.Option(
            metavar="SERIES2",
            help="A segmentation, or another series on the same grid, to lay over it.",
        ),
    ] = None,
    html: Annotated[
        str | None,
        typer.Option(
            "--html", metavar="FILE", help="Write one page that holds everything, and end."
        ),
    ] = None,
    png: Annotated[
        str | None,
        typer.Option(
            "--png", metavar="FILE", help="Write a picture of the planes and slices, and end."
        ),
    ] = None,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Print the address, do not open the browser.")
    ] = False,
    viewer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Another viewer: niivue (planes and 3D), dcmview (slices and tags), ohif.  [default: the quick look]",
        ),
    ] = None,
    ohif_dist: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Where OHIF is: what `npm pack @ohif/app@3.13.2` brings, unpacked."
        ),
    ] = None,
    overwrite: shared_options.Overwrite = False,
) -> None:
    """Look at a series: three linked planes, window, values and places, attributes, what check finds.

    The browser is served from this machine alone, at an address with a secret, until Ctrl-C. Press the tab Keys in the
    page for what keyboard, mouse and touch do.
    """
    from dicomseries.api import look, opened_in
    from dicomseries.sinks import check_free, save_bytes

    output: Output = context.obj
    if viewer is not None or ohif_dist is not None:
        _check_alone(viewer, overlay=overlay, html=html, png=png)
        with opened_in(viewer or "ohif", series, series=uid, program=ohif_dist) as shown:
            _run(shown, series, output, is_opened=not no_open)
        return
    if overlay is not None and png is not None:
        raise CommandLineError(
            code="usage",
            where="dicomseries view",
            given="--overlay with --png",
            expected="an overlay in the browser or in a page",
            remedy="Write a page with --html, or leave out --overlay: the picture cannot show it.",
        )
    files = {"html": html, "png": png}
    for path in filter(None, files.values()):
        check_free(path, overwrite=overwrite)
    found = look(series, series=uid, overlay=overlay)
    made = {
        "html": None if html is None else found.html().encode("utf-8"),
        "png": None if png is None else found.png(),
    }
    for name, content in made.items():
        if content is not None:
            save_bytes(str(files[name]), content, overwrite=overwrite)
    if html is not None or png is not None:
        written = {name: path for name, path in files.items() if path is not None}
        lines = [f"{path}: {len(made[name] or b''):,} bytes" for name, path in written.items()]
        output.result("\n".join(lines), {"series": series, **written})
        return
    with found.opened() as shown:
        _run(shown, series, output, is_opened=not no_open)


def _check_alone(viewer: str | None, **others: str | None) -> None:
    given = [f"--{name}" for name, value in others.items() if value is not None]
    if given:
        raise CommandLineError(
            code="usage",
            where="dicomseries view",
            given=f"--viewer {viewer or 'ohif'} with {' and '.join(given)}",
            expected="either another viewer, or what the quick look makes",
            remedy=f"Leave out {' and '.join(given)}, or --viewer.",
        )


def _run(shown: Any, series: str, output: Output, *, is_opened: bool) -> None:
    record = {"series": series, "url": shown.address}
    with contextlib.suppress(KeyboardInterrupt):
        output.answer(f"{series} is shown at {shown.address}\nCtrl-C ends it.", record)
        sys.stdout.flush()
        if is_opened and not webbrowser.open(shown.address):
            output.note("no browser was found here: open the address in one")
        shown.run()
