"""The `repr` of everything public is short, and tells nothing about a patient."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import GeometryError

OBLIQUE = (0.6, 0.8, 0.0, 0.0, 0.0, -1.0, -0.8, 0.6, 0.0)


def made_by_hand():
    cosine, sine = np.cos(0.3), np.sin(0.3)
    odd = (cosine, -sine, 0, sine, cosine, 0, 0, 0, 1)
    return [
        dcs.Grid(shape=(300, 4000, 5000), spacing_mm=(1 / 3, 1 / 7, np.pi), direction_lps=odd),
        dcs.Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2)),
        dcs.Exact(),
        dcs.Lossless(),
        dcs.Digits(3),
        dcs.Rescale(max_error=0.1, per_slice=True),
        dcs.CodedConcept("10200004", "SCT", "Liver " * 40),
        dcs.SegmentDescription(number=1, label="Liver " * 40),
        dcs.Rle(),
        dcs.JpegLs(),
        dcs.Jpeg2000(),
        dcs.Htj2k(),
        dcs.JpegXl(),
        *written_in_batch(),
        dcs.DicomSeriesWarning("a small fault"),
        dcs.DicomSeriesError(code="a", where="b", given="c", expected="d", remedy="e"),
        dcs.DeliveryError(code="a", where="b", given="c", expected="d", remedy="e"),
        *sent(),
    ]


def written_in_batch():
    row = dcs.BatchRow(job="job 1", state="failed", out="/out", reason="no file " * 40)
    left_out = dcs.LeftOutFile(path="sub-01/meg/sub-01_meg.fif", reason="not an image " * 20)
    report = dcs.BatchReport(records="jobs.batch", jobs=1, failures=(row,), left_out=(left_out,))
    return [row, left_out, report]


def sent():
    """Return what `send` and `find` return."""
    proof = dcs.Confirmation(instances=9, faults=("instance 1.2 was not fetched back",) * 9)
    instance = dcs.SentInstance(
        sop_instance_uid="2.25." + "1" * 39, series_uid="2.25." + "2" * 39, outcome="refused"
    )
    entry = dcs.ListedEntry(
        url="dicom://ARCHIVE@pacs.example:104?study=2.25." + "1" * 39,
        study_uid="2.25." + "1" * 39,
        patient_id="12345678",
        patient_name="Doe^Jane",
    )
    where = "dicom://ARCHIVE@pacs.example:104"
    receipt = dcs.SendReceipt(
        to=where, instances=(instance,) * 9, seconds=1, notes=("a note",) * 9, confirmation=proof
    )
    listing = dcs.ArchiveListing(where=where, level="study", entries=(entry,) * 20)
    return [proof, instance, entry, receipt, listing]


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    """Return one object of every public class."""
    folder = tmp_path_factory.mktemp("reprs")
    array = np.linspace(-1000, 3000, 2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    metadata = {
        "PatientName": "Doe^Jane",
        "PatientID": "12345678",
        "PatientBirthDate": "19700102",
        "SeriesDescription": "Long description " * 3,
        "RescaleType": "HU",
    }
    options = {"metadata": metadata, "spacing": (1 / 3, 2 / 3, 4 / 3)}
    upright = {**options, "direction": OBLIQUE}
    receipt = dcs.write(array[0], folder / "ct", kind="CT", sync=False, **upright)
    timed = {**options, "axes": "tzyx", "times": 1}
    receipts = dcs.write(array, folder / "mr", kind="MR", split="time", sync=False, **timed)
    volume = dcs.read(folder / "ct")
    mask = np.ones(array[0].shape, "uint8")
    dcs.write(mask, folder / "seg", kind="Segmentation", like=volume, sync=False)
    measured = dcs.measure(folder / "seg", source=volume)
    result = dcs.write_result(volume, folder / "result", masks=mask, sync=False)
    converted = dcs.convert(folder / "ct", folder / "arrays", format="npy")
    copies = tmp_path_factory.mktemp("copies")
    transcoded = dcs.transcode(folder / "seg", copies / "rle", compression="rle", sync=False)
    (folder / "ct" / "0002.dcm").unlink()
    findings = dcs.check(folder / "ct", validators=False)
    scan = dcs.scan(folder)
    assert findings
    plan = dcs.plan(array, kind="MR", per_volume={"EchoTime": [1, 2]}, **timed)
    lazy = dcs.read(receipts.out, lazy=True)
    return [
        *made_by_hand(),
        receipt,
        receipts,
        measured,
        measured.table,
        result,
        *result.parts,
        volume,
        lazy,
        lazy.array,
        volume.derive(array[0], metadata={"PatientName": "Roe^Jane"}),
        volume.tags,
        dcs.tags(receipts.out),
        volume.look(),
        volume.slabs,
        volume.grid.statement,
        dcs.read(receipts.out, values="stored"),
        dcs.open_volume(array, axes="tzyx", spacing=(1, 2, 3), times=[0, 2.5]),
        findings,
        *findings,
        plan,
        plan.value_map,
        converted,
        *converted,
        transcoded,
        *transcoded.kept,
        scan,
        *scan,
        *(problem for series in scan for problem in series.problems),
        scan[0].instances[0],
    ]


def test_every_repr_is_short_and_readable(objects):
    for thing in objects:
        for text in (repr(thing), repr([thing])):
            lines = text.splitlines()
            assert 1 <= len(lines) <= 8, text
            assert max(map(len, lines)) <= 102, text  # the list's brackets are 2
            assert "object at 0x" not in text


def test_no_repr_tells_who_the_patient_is(objects):
    for thing in objects:
        text = repr(thing)
        assert "Jane" not in text
        assert "12345678" not in text


def test_every_public_class_is_among_them(objects):
    public = [getattr(dcs, name) for name in dcs.__all__]
    classes = [thing for thing in public if inspect.isclass(thing)]
    assert len(classes) > 10
    types = [type(thing) for thing in objects]
    assert [cls for cls in classes if not any(issubclass(kind, cls) for kind in types)] == []


def test_a_volume_tells_shape_unit_spacing_and_orientation(objects):
    volume = next(thing for thing in objects if isinstance(thing, dcs.Volume))
    first, series, spacing, orientation = repr(volume).splitlines()
    assert first == "SeriesVolume of shape (3, 4, 5), float64 HU"
    assert series.split()[:3] == ["series", "CT", "Long"]
    assert "(3 files)" in series
    assert spacing.split() == [
        "spacing",
        "0.333333,",
        "0.666667,",
        "1.33333",
        "mm",
        "(x,",
        "y,",
        "z)",
    ]
    assert "columns " in orientation


def test_a_description_with_line_feeds_stays_on_its_line():
    from dicomseries.short_repr import short_lines

    assert short_lines(["a\nb\x1b[31m"]) == r"a\nb\x1b[31m"


def test_an_error_with_a_volume_in_it_stays_short(tmp_path, objects):
    volume = next(thing for thing in objects if isinstance(thing, dcs.Volume))
    with pytest.raises(GeometryError) as caught:
        dcs.Grid(shape=(1, 1, 1), spacing_mm=volume)
    assert len(str(caught.value)) < 900


def test_the_whole_text_of_a_record_shows_what_the_short_one_leaves_out():
    """UIDs from the content, and resumed writes, rest on digests of these texts."""
    from dicomseries.short_repr import whole_text

    grid = dcs.Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2))
    moved = dcs.Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 2), origin_lps=(0, 0, 1e-9))
    plan = dcs.plan(np.zeros((3, 4, 5)), kind="MR", spacing=(1, 1, 2))
    names = [field.name for field in dataclasses.fields(plan.value_map)]
    assert all(f"{name}=" in whole_text((plan.value_map,)) for name in names)
    assert "direction_lps=(1.0, 0.0" in whole_text([grid])
    assert "direction_lps" not in repr([grid])
    assert whole_text([grid]) != whole_text([moved])
