"""Public verbs from many threads: results as of one thread, and no trace in the process."""

from __future__ import annotations

import ast
import concurrent.futures
import datetime as dt
import decimal
import hashlib
import locale
import logging
import os
import random
import signal
import socket
import sys
import threading
import warnings

import numpy as np
import pydicom.config
import pytest

import dicomseries as dcs
from python_source import MODULES, SOURCE, nodes

THREADS = 8
ARRAY = np.arange(60, dtype="int16").reshape(3, 4, 5)
AGAIN = {"entropy": b"thread", "now": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)}


def files(folder) -> dict[str, str]:
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def written(source, out, **options):
    receipt = dcs.write(source, out, **AGAIN, **options)
    return receipt.series_uid, receipt.advice, files(out)


def saved(volume, path):
    volume.save(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def viewed(volume):
    with volume.view(open_browser=False) as view:
        return view.address.startswith("http://127.0.0.1:")


def derived(volume, out):
    receipt = volume.derive(volume.array // 2, description="Halved").write(out, **AGAIN)
    return receipt.series_uid, files(out)


VERBS = {
    "write": lambda ct, out: written(ARRAY, out, kind="CT", spacing=(1, 2, 3)),
    "write floats": lambda ct, out: written(ARRAY / 7, out, kind="MR", spacing=(1, 2, 3)),
    "write like": lambda ct, out: written(ARRAY + 1, out, like=ct, description="x"),
    "write segmentation": lambda ct, out: written(
        ARRAY > 9, out, kind="SEG", like=ct, segments=["Liver"]
    ),
    "plan": lambda ct, out: str(dcs.plan(ARRAY, kind="CT", spacing=(1, 2, 3), **AGAIN)),
    "open_volume": lambda ct, out: dcs.open_volume(ARRAY, spacing=(1, 2, 3)).array.sum(),
    "read": lambda ct, out: dcs.read(ct).array.tobytes(),
    "read lazily": lambda ct, out: dcs.read(ct, lazy=True).array[1:].tobytes(),
    "tags of read": lambda ct, out: dict(dcs.read(ct).tags),
    "save": lambda ct, out: saved(dcs.read(ct), out.with_suffix(".nrrd")),
    "derive": lambda ct, out: derived(dcs.read(ct), out),
    "view": lambda ct, out: viewed(dcs.read(ct)),
    "scan": lambda ct, out: [(series.series_uid, series.kind) for series in dcs.scan(ct).series],
    "tags": lambda ct, out: dcs.tags(ct),
    "check": lambda ct, out: tuple(map(str, dcs.check(ct, against=ARRAY, validators=False))),
    "explain": lambda ct, out: str(dcs.explain("GEO-001")),
}


def state() -> dict[str, object]:
    """Return what all threads of a process share, beside its files."""
    mask = os.umask(0o22)
    os.umask(mask)
    loggers = [logging.root, *map(logging.getLogger, sorted(logging.root.manager.loggerDict))]
    settings = {
        name: value
        for name, value in vars(pydicom.config).items()
        if isinstance(value, (bool, int, str, type(None)))
    }
    return {
        "filters of warnings": list(warnings.filters),
        "display of warnings": warnings.showwarning,
        "loggers": [(logger.name, logger.level, list(logger.handlers)) for logger in loggers],
        "disabled levels": logging.root.manager.disable,
        "settings of pydicom": settings,
        "mode of reading": pydicom.config.settings.reading_validation_mode,
        "mode of writing": pydicom.config.settings.writing_validation_mode,
        "umask": mask,
        "folder": os.getcwd(),  # noqa: PTH109 - as the process has it
        "environment": dict(os.environ),
        "signals": [signal.getsignal(number) for number in sorted(signal.valid_signals())],
        "errors of numpy": np.geterr(),
        "decimals": str(decimal.getcontext()),
        "locale": locale.setlocale(locale.LC_ALL),
        "streams": (sys.stdout, sys.stderr, sys.excepthook, threading.excepthook),
        "random numbers": (random.getstate(), str(np.random.get_state())),  # noqa: NPY002
        "time limit of sockets": socket.getdefaulttimeout(),
    }


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    out = tmp_path_factory.mktemp("threads") / "ct"
    dcs.write(ARRAY, out, kind="CT", spacing=(1, 2, 3), metadata={"PatientName": "Doe^Jane"})
    return out


def test_every_verb_from_many_threads_gives_the_result_of_one_and_changes_nothing_shared(
    ct, tmp_path
):
    # The first call of each verb imports other packages, which may set what they need.
    alone = {name: verb(ct, tmp_path / f"alone-{name}") for name, verb in VERBS.items()}
    barrier = threading.Barrier(THREADS)
    before = state()

    def work(number: int) -> list[tuple[str, object]]:
        barrier.wait(timeout=60)
        # Each thread begins with another verb, so that different ones meet.
        names = list(VERBS)[number:] + list(VERBS)[:number]
        return [(name, VERBS[name](ct, tmp_path / f"{number}-{name}")) for name in names]

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(work, range(THREADS)))
    after = state()
    different = {name for result in results for name, value in result if value != alone[name]}
    assert not different
    assert {name for name in before if before[name] != after[name]} == set()


def test_a_changed_state_of_the_process_is_noticed():
    logger = logging.getLogger("pydicom")
    level = logger.level
    before = state()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(level + 1)
        try:
            after = state()
        finally:
            logger.setLevel(level)
    assert {name for name in before if before[name] != after[name]} >= {
        "filters of warnings",
        "loggers",
    }


def test_no_module_of_the_library_sets_what_all_threads_share():
    shared = {
        "basicConfig",
        "catch_warnings",
        "chdir",
        "filterwarnings",
        "putenv",
        "setLevel",
        "setcontext",
        "setdefaulttimeout",
        "seterr",
        "setlocale",
        "simplefilter",
        "umask",
    }
    found = set()
    for path in MODULES:
        name = path.relative_to(SOURCE).as_posix()
        for node in nodes(path):
            if isinstance(node, ast.Attribute) and node.attr in shared:
                found.add((name, node.attr))
    # The command line is a program of its own process.
    assert {entry for entry in found if not entry[0].startswith("cli/")} == set()
