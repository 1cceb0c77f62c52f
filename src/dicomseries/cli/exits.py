"""Which exit code an error has: a table by class, and by code where one class has two outcomes."""

from __future__ import annotations

from enum import IntEnum

from dicomseries import errors

__all__ = ["CommandLineError", "Exit", "exit_of"]


class CommandLineError(errors.DicomSeriesError):
    """The command line itself is wrong: an option that does not exist, a word that is no number."""


class Exit(IntEnum):
    """What the shell sees."""

    DONE = 0
    FINDINGS = 1
    USAGE = 2
    REFUSED = 3
    FAILED = 4
    INTERRUPTED = 130


_BY_CODE: dict[str, Exit] = {
    # ReadError: there is nothing to read, or it has to be said what.
    "no-series": Exit.REFUSED,
    "several-series": Exit.REFUSED,
    "series-not-found": Exit.REFUSED,
    # TargetError: the place is free, but the system refuses it.
    "target-not-writable": Exit.FAILED,
    "target-not-readable": Exit.FAILED,
    "target-full": Exit.FAILED,
}

_BY_CLASS: tuple[tuple[type[BaseException], Exit], ...] = (
    (CommandLineError, Exit.USAGE),
    (errors.GeometryError, Exit.REFUSED),
    (errors.ValuesError, Exit.REFUSED),
    (errors.MetadataError, Exit.REFUSED),
    (errors.KindError, Exit.REFUSED),
    (errors.OptionError, Exit.REFUSED),
    (errors.SourceError, Exit.REFUSED),
    (errors.MissingPackageError, Exit.REFUSED),
    (errors.TargetError, Exit.REFUSED),
    (KeyboardInterrupt, Exit.INTERRUPTED),
)
"""Classes not listed (WriteError, ReadError, VerificationError, OSError, anything unforeseen) are failures."""


def exit_of(error: BaseException) -> Exit:
    """Return the exit code for `error`.

    Examples
    --------
    >>> parts = dict(code="no-series", where="scans", given="no file", expected="a series", remedy="Look elsewhere.")
    >>> int(exit_of(errors.ReadError(**parts))), int(exit_of(errors.ReadError(**parts | {"code": "file-truncated"})))
    (3, 4)
    >>> int(exit_of(OSError("disk on fire")))
    4
    """
    by_code = _BY_CODE.get(getattr(error, "code", ""))
    if by_code is not None and isinstance(error, errors.DicomSeriesError):
        return by_code
    return next((code for kind, code in _BY_CLASS if isinstance(error, kind)), Exit.FAILED)
