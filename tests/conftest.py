"""Settings and fixtures for every test."""

from __future__ import annotations

import functools
import gc
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]

collect_ignore = ["docs/user_scripts", "warm_python/client.py"]
"""Programs that tests start: to import them is to run them."""

if threading.current_thread() is threading.main_thread():
    # Shells let a program in the background ignore Ctrl-C, and nohup a closed terminal. Programs
    # that tests start would inherit that, and not end.
    for name, action in {"SIGINT": signal.default_int_handler, "SIGHUP": signal.SIG_DFL}.items():
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, action)

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of this user there
ENOUGH_MEMORY = 6 << 30


def use_memory_for_temporary_files() -> None:
    """Let tests write into memory where it has room: on a disk they wait for thousands of flushes.

    A folder that the user named in TMPDIR is kept.
    """
    if "TMPDIR" in os.environ or not IN_MEMORY.is_dir() or not os.access(IN_MEMORY, os.W_OK):
        return
    programs_may_run = not os.statvfs(IN_MEMORY).f_flag & os.ST_NOEXEC
    if programs_may_run and shutil.disk_usage(IN_MEMORY).free >= ENOUGH_MEMORY:
        os.environ["TMPDIR"] = str(IN_MEMORY)
        tempfile.tempdir = None  # what it chose before


use_memory_for_temporary_files()

_REPEATABLE = {
    "derandomize": True,
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow],
}
settings.register_profile("ci", max_examples=60, **_REPEATABLE)
settings.register_profile("quick", max_examples=6, **_REPEATABLE)
settings.register_profile("endurance", max_examples=600, **_REPEATABLE)
# `HYPOTHESIS_PROFILE=search` looks for new counter-examples.
settings.register_profile(
    "search", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

MARKS = {
    "browser": (
        "tests/interop/test_other_viewers.py",
        "tests/interop/test_quick_look.py",
        "tests/interop/test_quick_look_alone.py",
        "tests/interop/test_readers.py",
        "tests/interop/test_viewers.py",
    ),
    "network": (
        "tests/docs/test_ct_to_ohif.py",
        "tests/docs/test_tutorial.py",
        "tests/interop/test_dicomweb.py",
        "tests/interop/test_dicomweb_archive.py",
        "tests/interop/test_readers.py",
        "tests/system/test_dask_cluster.py",
        "tests/system/test_killed_upload.py",
    ),
    "slow": (
        "tests/docs",
        "tests/fuzz",
        "tests/golden",
        "tests/interop",
        "tests/judges",
        "tests/system",
        "tests/unit/cli/test_interrupt.py",
        "tests/unit/cli/test_serve.py",
        "tests/unit/cli/test_storage.py",
        "tests/unit/cli/test_view.py",
        "tests/unit/derivation/test_references.py",
        "tests/unit/sinks/test_durable.py",
        "tests/unit/sources/test_mapped.py",
        "tests/unit/sources/test_shrinking.py",
        "tests/unit/test_slabs.py",
        "tests/unit/test_views.py",
    ),
}
"""Marks of folders and files; single tests and parameters are marked in their file."""


@functools.cache
def marks_of(path: Path) -> tuple[str, ...]:
    """Return the marks that all tests of a file have."""
    inside = path.relative_to(ROOT)
    names = {inside.as_posix(), *(parent.as_posix() for parent in inside.parents)}
    return tuple(mark for mark, marked in MARKS.items() if names.intersection(marked))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect no garbage among modules and tests, of which there is none."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of the paths above; leave out endurance that was not asked for."""
    for item in items:
        for mark in marks_of(item.path):
            item.add_marker(mark)
    if "endurance" in config.getoption("-m"):
        return
    left_out = [item for item in items if item.get_closest_marker("endurance")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("endurance")]


def pytest_collection_finish() -> None:
    """Keep modules and tests, which live as long as the process, out of every later collection."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def rng() -> np.random.Generator:
    """Reproducible noise."""
    return np.random.default_rng(20240229)
