"""Files of viewers: found without an import, and sent as what browsers take them for."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from dicomseries.errors import missing_package
from dicomseries.viewing.loopback import NOTHING, Answer

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
"""Media types of what pages are made of; browsers run no script, and compile no WebAssembly, of another."""


def file_answer(folder: Path, path: str) -> Answer:
    """Return a file of a folder; 404 for what is not in it."""
    root = folder.resolve()
    file = (root / path).resolve()
    if not file.is_relative_to(root) or not file.is_file():
        return NOTHING
    return Answer(
        content=file.read_bytes(),
        content_type=FILE_TYPES.get(file.suffix, "application/octet-stream"),
    )


def installed_file(package: str, ending: str, *, extra: str) -> Path:
    """Return a file of an installed package by the end of its path; the package is not imported.

    Raises
    ------
    MissingPackageError
        If it is not installed, or is laid out in another way.
    """
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        files = []
    found = next(
        (Path(str(file.locate())) for file in files if file.as_posix().endswith(ending)), None
    )
    if found is None or not found.is_file():
        raise missing_package(extra=extra, where=f"the viewer of {package}", package=package)
    return found
