"""Exit codes: every class of error has one."""

from __future__ import annotations

import pytest

from dicomseries import errors
from dicomseries.cli.exit_codes import CommandLineError, Exit, exit_of

PARTS = {
    "code": "some-code",
    "where": "here",
    "given": "that",
    "expected": "this",
    "remedy": "Fix it.",
}

TABLE = [
    (CommandLineError, Exit.USAGE),
    (errors.GeometryError, Exit.REJECTED),
    (errors.ValuesError, Exit.REJECTED),
    (errors.MetadataError, Exit.REJECTED),
    (errors.KindError, Exit.REJECTED),
    (errors.OptionError, Exit.REJECTED),
    (errors.SourceError, Exit.REJECTED),
    (errors.TargetError, Exit.REJECTED),
    (errors.MissingPackageError, Exit.REJECTED),
    (errors.WriteError, Exit.FAILED),
    (errors.NetworkError, Exit.FAILED),
    (errors.DeliveryError, Exit.FAILED),
    (errors.ReadError, Exit.REJECTED),
    (errors.VerificationError, Exit.FAILED),
]


@pytest.mark.parametrize(("error", "code"), TABLE)
def test_each_class_of_error_has_its_exit_code(error, code):
    assert exit_of(error(**PARTS)) is code


def test_no_class_of_error_is_forgotten_by_the_table():
    listed = {error for error, _ in TABLE}
    ours = {
        own
        for own in vars(errors).values()
        if isinstance(own, type) and issubclass(own, errors.DicomSeriesError)
    }
    assert ours - listed == {errors.DicomSeriesError}


@pytest.mark.parametrize(
    "error", [OSError("disk"), FileNotFoundError("gone"), RuntimeError("bug"), MemoryError()]
)
def test_what_is_not_ours_is_a_failure(error):
    assert exit_of(error) is Exit.FAILED


def test_an_interrupt_has_the_code_of_the_shell():
    assert exit_of(KeyboardInterrupt()) == 130


@pytest.mark.parametrize("code", ["no-series", "several-series", "multi-frame", "slices-missing"])
def test_a_series_that_cannot_be_one_volume_is_rejected(code):
    assert exit_of(errors.ReadError(**PARTS | {"code": code})) is Exit.REJECTED


@pytest.mark.parametrize("code", ["file-truncated", "file-damaged", "file-unreadable"])
def test_a_broken_file_is_a_failure(code):
    assert exit_of(errors.ReadError(**PARTS | {"code": code})) is Exit.FAILED
    assert exit_of(errors.SourceError(**PARTS | {"code": code})) is Exit.REJECTED


@pytest.mark.parametrize("code", ["disk-full", "target-not-writable"])
def test_a_disk_that_rejects_is_a_failure(code):
    assert exit_of(errors.TargetError(**PARTS | {"code": code})) is Exit.FAILED
