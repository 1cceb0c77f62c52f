"""Objects and errors of optional packages, without imports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dicomseries.errors import DicomSeriesError, SourceError

__all__ = ["guarded", "made_by"]


def made_by(source: object, package: str) -> bool:
    """Return whether the class of `source` is from `package`.

    Looks at names only, so an object is recognised without importing its package.

    Examples
    --------
    >>> import numpy as np
    >>> made_by(np.ones(3), "numpy"), made_by([1, 2], "numpy")
    (True, False)
    """
    return any(cls.__module__.partition(".")[0] == package for cls in type(source).__mro__)


@contextmanager
def guarded(
    where: str,
    expected: str = "voxels that can be read",
    remedy: str = "Check that the source is complete: its own library must fail to read it too.",
) -> Iterator[None]:
    """Turn another package's errors into a `SourceError`.

    Parameters
    ----------
    where : str
        The file, or the type of the array.
    expected, remedy : str
        As in the error.

    Raises
    ------
    SourceError
        If the block raises an error that is not of this package, a lack of memory included.

    Examples
    --------
    >>> with guarded("a.h5"):
    ...     raise OSError("wrong check sum")
    Traceback (most recent call last):
    ...
    dicomseries.errors.SourceError: a.h5: expected voxels that can be read, given wrong check...
    """
    try:
        yield
    except DicomSeriesError:
        raise
    except Exception as error:
        # A damaged file makes its library raise anything: struct.error, KeyError, ZeroDivisionError
        # were all seen.
        raise SourceError(
            code="file-unreadable",
            where=where,
            given=str(error) or type(error).__name__,
            expected=expected,
            remedy=remedy,
        ) from error
