"""Files of viewers, with their media types."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from dicomseries.errors import missing_package
from dicomseries.viewing.loopback import NOT_FOUND, Answer

__all__ = ["FILE_TYPES", "file_answer", "installed_file"]

FILE_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
}
"""Media types of files of pages; browsers reject scripts and WebAssembly of any other type."""


def file_answer(folder: Path, path: str) -> Answer:
    """Return a file of a folder, or 404."""
    root = folder.resolve()
    file = (root / path).resolve()
    if not file.is_relative_to(root) or not file.is_file():
        return NOT_FOUND
    content_type = FILE_TYPES.get(file.suffix, "application/octet-stream")
    return Answer(content=file.read_bytes(), content_type=content_type)


def installed_file(package: str, ending: str, *, extra: str) -> Path:
    """Return a file of an installed package by its ending.

    The package is not imported.

    Raises
    ------
    MissingPackageError
        If it is not installed, or has no such file.
    """
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if file.as_posix().endswith(ending) and path.is_file():
            return path
    raise missing_package(extra=extra, where=f"the viewer of {package}", package=package)
