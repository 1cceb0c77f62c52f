"""`SeriesVolume.view`: a series in a viewer beside the running program."""

from __future__ import annotations

import atexit
import html
import os
import sys
import threading
import webbrowser
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Self

from dicomseries.api.view import look, opened_in
from dicomseries.errors import OptionError
from dicomseries.reading import SeriesFiles, name_of_files
from dicomseries.stores import is_url
from dicomseries.viewing import OpenedViewer

__all__ = ["View", "view"]

_FRAME = (
    '<iframe src="{address}" title="{title}" width="100%" height="{height}" '
    'style="border:0" allow="fullscreen" referrerpolicy="no-referrer"></iframe>'
)


class View:
    """A viewer that is served from a thread.

    As the last value of a notebook's cell it appears in a frame.

    Parameters
    ----------
    opened : context manager of OpenedViewer
        The viewer to serve.
    title : str
        Of the frame.
    height : int
        Of the frame, in pixels.
    """

    def __init__(
        self, opened: AbstractContextManager[OpenedViewer], *, title: str, height: int
    ) -> None:
        self._stack = ExitStack()
        self._opened = self._stack.enter_context(opened)
        self._title, self._height = title, height
        self._thread = threading.Thread(target=self._opened.run, daemon=True)
        self._thread.start()
        atexit.register(self.close)

    @property
    def address(self) -> str:
        """For a browser on this machine; has a secret."""
        return self._opened.address

    def close(self) -> None:
        """End the server, or the viewer's program.

        A browser keeps its loaded content.
        """
        atexit.unregister(self.close)
        if self._thread.is_alive():
            self._opened.stop()
            self._thread.join()
        self._stack.close()

    def wait(self) -> None:
        """Wait for Ctrl-C, or the viewer's end, and close."""
        try:
            self._thread.join()
        except KeyboardInterrupt:
            pass
        finally:
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"View({self.address!r})"

    def _repr_html_(self) -> str:
        parts = {"address": self.address, "title": self._title, "height": str(self._height)}
        return _FRAME.format(**{name: html.escape(text) for name, text in parts.items()})


def view(
    path: SeriesFiles,
    *,
    series: str | None,
    viewer: str | None,
    ohif_dist: str | None,
    open_browser: bool | None,
    height: int,
) -> View:
    """Show a series, as documented in `SeriesVolume.view`."""
    name = name_of_files(path)
    files = [path] if isinstance(path, str) else [file for file in path if isinstance(file, str)]
    if not files or is_url(path):
        raise OptionError(
            code="series-not-local",
            where="view",
            given=name,
            expected="files on this machine",
            remedy="Copy or save the files to a folder, and read that one.",
        )
    local = path if isinstance(path, str) else files
    opened: AbstractContextManager[OpenedViewer]
    if viewer is None:
        opened = look(local, series=series).opened()
    else:
        opened = opened_in(viewer, local, series=series, program=ohif_dist)
    view = View(
        opened,
        title=f"{viewer or 'dicomseries'}: {os.path.basename(name)}",  # noqa: PTH119
        height=height,
    )
    if open_browser is None:
        open_browser = not _in_notebook()
    if open_browser:
        webbrowser.open(view.address)
    return view


def _in_notebook() -> bool:
    """Return whether a notebook runs this, without an import."""
    shell: Any = sys.modules.get("IPython")
    return hasattr(shell.get_ipython(), "kernel") if shell is not None else False
