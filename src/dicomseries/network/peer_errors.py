"""Errors that all kinds of archives share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dicomseries.errors import OptionError, ReadError

__all__ = ["check_setting_names", "no_series", "wrong_setting"]


def check_setting_names(names: Iterable[str], known: Sequence[str]) -> None:
    """Reject options that an archive does not have.

    Raises
    ------
    OptionError
        Naming the first of them.

    Examples
    --------
    >>> check_setting_names(["timeout"], ["timeout", "retries"])
    """
    for name in names:
        if name not in known:
            raise OptionError(
                code="network-option-unknown",
                where=f"storage_options[{name!r}]",
                given="an unknown option",
                expected=", ".join(known),
                remedy="Use one of these names, or leave it out.",
            )


def wrong_setting(where: str, value: str, expected: str) -> OptionError:
    """Return the error of an option of an archive with a wrong value."""
    return OptionError(
        code="network-option-wrong",
        where=where,
        given=value,
        expected=expected,
        remedy="Pass such a value, or leave it out.",
    )


def no_series(where: str, answer: str) -> ReadError:
    """Return the error of a study or series that an archive does not have."""
    return ReadError(
        code="no-series",
        where=where,
        given=answer,
        expected="a study or series that the archive has",
        remedy="Check the UIDs in the URL; list the studies of the archive to see them.",
    )
