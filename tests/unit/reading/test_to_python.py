"""Decoded values equal those of pydicom, without effects on the process."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.valuerep import PersonName

import dicomseries as dcs
from dicomseries.errors import DicomSeriesError
from dicomseries.reading import read_instance
from dicomseries.reading.parse.character_sets import encodings_of, text_of
from dicomseries.reading.parse.parser import Element
from dicomseries.reading.parse.to_python import Decoding, name_of, plain_value

OF_PYDICOM = sorted(
    path
    for path in Path(pydicom.__file__).parent.joinpath("data").rglob("*")
    if path.is_file() and path.name != "DICOMDIR-nooffset"
)
"""Without one whose last item is longer than its sequence, which pydicom reads all the same."""


class Maker:
    def __init__(self, value: Any) -> None:
        self.raw = value if isinstance(value, bytes) else str(value).encode("latin-1", "replace")


def by_pydicom(element: Any) -> Any:
    return "" if element.is_empty else converted(element.value)


def converted(value: Any) -> Any:
    if isinstance(value, Sequence):
        return [item_by_pydicom(item) for item in value]
    if isinstance(value, MultiValue | list | tuple):
        return [converted(one) for one in value]
    for kind in (int, float, bytes):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, PersonName | str):
        return str(value)
    return float(value) if hasattr(value, "as_tuple") else str(value)


def item_by_pydicom(item: Any) -> dict[str, Any]:
    makers = {int(tag): Maker(element.value) for tag, element in item.items() if int(tag) >> 16 & 1}
    return {name_of(int(element.tag), makers): by_pydicom(element) for element in item}


@pytest.mark.filterwarnings("ignore")
def test_values_are_those_of_pydicom():
    counted, differing = 0, []
    for path in OF_PYDICOM:
        try:
            instance = read_instance(path)
        except DicomSeriesError:
            continue
        dataset, decoding = instance.dataset(), instance.decoding()
        for tag, element in instance.elements.items():
            try:
                expected = by_pydicom((dataset.file_meta if tag >> 16 == 2 else dataset)[tag])
            except Exception:  # noqa: BLE001 - what pydicom cannot decode stays raw
                expected = element.raw
            counted += 1
            found = plain_value(tag, element, decoding)
            if repr(found) != repr(expected):
                differing.append((path.name, hex(tag), expected, found))
    assert differing == []
    assert counted > 3000


ODD = [
    ("US", b"\1\2\3", b"\1\2\3"),
    ("US", b"", ""),
    ("FD", b"\0" * 8, 0.0),
    ("DS", b"1.5\\\\2", [1.5, "", 2.0]),
    ("DS", b"abc", "abc"),
    ("IS", b"12.0 ", 12),
    ("IS", b"1e400", "1e400"),
    ("IS", b"9" * 30, int("9" * 30)),
    ("AT", b"\x10\0\x20\0\xff", 0x00100020),
    ("UI", b"1.2.3\0", "1.2.3"),
    ("LT", b"a\\b ", "a\\b"),
    ("PN", b"A^B=C ", "A^B=C"),
    ("SQ", b"\1\2\3\4\5\6\7\x08", b"\1\2\3\4\5\6\7\x08"),
    ("SQ", b"", ""),
    ("OW", b"\1\2", b"\1\2"),
]


@pytest.mark.parametrize(("vr", "raw", "expected"), ODD)
def test_odd_values_are_handed_on(vr: str, raw: bytes, expected: Any):
    assert plain_value(0x00091001, Element(vr, raw)) == expected


@pytest.mark.parametrize(
    ("sets", "raw", "text"),
    [
        (
            ("ISO 2022 IR 6", "ISO 2022 IR 87"),
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B",
            "Yamada^Tarou=山田^太郎",
        ),
        (("", "ISO 2022 IR 149"), b"Hong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7", "Hong=洪^吉洞"),
        (("GB18030",), b"Wang=\xcd\xf5^\xd0\xa1\xb6\xab", "Wang=王^小东"),
        (("ISO_IR 192",), "Müller".encode(), "Müller"),
        (("ISO_IR 100",), b"M\xfcller", "Müller"),
        (("nothing known",), b"M\xfcller", "Müller"),
        (("ISO_IR 192",), b"M\xfcller", "M�ller"),
    ],
)
def test_texts_are_read_in_their_character_sets(sets: tuple[str, ...], raw: bytes, text: str):
    assert text_of(raw, encodings_of(sets)) == text
    assert (
        plain_value(0x00081030, Element("LO", raw), Decoding(encodings=encodings_of(sets))) == text
    )


@pytest.fixture(scope="module")
def odd_series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a series whose attributes make pydicom warn."""
    folder = tmp_path_factory.mktemp("odd") / "ct"
    dcs.write(np.zeros((3, 8, 8), "int16"), folder, kind="CT", spacing=(1, 1, 1), sync=False)
    for path in folder.glob("*.dcm"):
        data = path.read_bytes()
        data = data.replace(b"\x08\0\x60\0CS\2\0CT", b"\x08\0\x60\0CS\2\0c!").replace(
            b"ISO_IR 192", b"ISO-IR 999"
        )
        path.write_bytes(data)
    return folder


def state() -> tuple[Any, ...]:
    """Return what of the process a library may not change."""
    loggers = [
        logging.getLogger(name) for name in ("", "pydicom", "dicomseries", "tifffile", "nibabel")
    ]
    return (
        list(warnings.filters),
        warnings.showwarning,
        [(one.level, one.disabled, list(one.handlers), list(one.filters)) for one in loggers],
        logging.root.manager.disable,
        {
            name: repr(value)
            for name, value in vars(pydicom.config).items()
            if not name.startswith("__")
        },
        pydicom.config.settings.reading_validation_mode,
        pydicom.config.settings.writing_validation_mode,
        np.geterr(),
    )


def every_verb(series: Path, out: Path) -> dict[str, Any]:
    array = np.arange(192, dtype="int16").reshape(3, 8, 8)
    options = {"spacing": (1, 1, 1), "sync": False, "workers": 1}
    return {
        "tags": lambda: dict(dcs.tags(series)),
        "scan": lambda: dcs.scan(series),
        "read": lambda: dict(dcs.read(series, workers=1).tags.shared),
        "check": lambda: dcs.check(series, validators=False),
        "check against": lambda: dcs.check(series, against=array, validators=False),
        "plan": lambda: dcs.plan(array, kind="MR", spacing=(1, 1, 1)),
        "write": lambda: dcs.write(array, out / os.urandom(8).hex(), kind="MR", **options),
        "write like": lambda: dcs.write(
            array, out / os.urandom(8).hex(), kind="SC", like=series, **options
        ),
        "derive": lambda: dcs.read(series).derive(array).plan(),
        "view": lambda: dcs.read(series).view(open_browser=False).close(),
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_no_public_call_changes_the_process_for_other_threads(odd_series: Path, tmp_path: Path):
    verbs = every_verb(odd_series, tmp_path)

    def call(verb: Any) -> None:
        with contextlib.suppress(DicomSeriesError):
            verb()

    for verb in verbs.values():  # packages that are loaded on first use may bring loggers of theirs
        call(verb)
    before = state()
    changed: list[tuple[str, int]] = []
    for name, verb in verbs.items():
        with ThreadPoolExecutor(8) as pool:
            tasks = [pool.submit(call, verb) for _ in range(16)]
            during = [state()]
            while not all(task.done() for task in tasks):
                during.append(state())
            for task in tasks:
                task.result()
        changed += [(name, index) for index, one in enumerate([*during, state()]) if one != before]
    assert not changed


def test_no_module_touches_warnings_or_loggers_of_the_process():
    forbidden = (
        "catch_warnings",
        "simplefilter",
        "filterwarnings",
        "setLevel(",
        "showwarning =",
        "disable(",
    )
    source = Path(dcs.__file__).parent
    found = [
        (path.name, word)
        for path in source.rglob("*.py")
        for word in forbidden
        if word in path.read_text(encoding="utf-8")
        and path.relative_to(source).parts[0] != "cli"  # a program of its own process
    ]
    assert not found
