"""Results over their source give each program the outcomes of readers.json and kinds.md."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.standard.known_readers import OVERLAY_LIMITS
from judges.node import image_voxels, node_program
from judges.ohif import MPR, ohif
from judges.outcomes import RIGHT, CannotReadError
from judges.overlay_programs import OVERLAY_PROGRAMS, lay_in_ohif, overlay_outcomes
from judges.overlays import OVERLAY_MEANINGS, overlay_from_page
from judges.planes import PLANES, SPACING
from judges.results import PLANTED, RESULTS, plant, write_results

RECORD = json.loads((Path(__file__).parent / "readers.json").read_text(encoding="utf-8"))
ON_SOURCE = RECORD["on_source"]
PLANTED_NAMES = [f"Segmentation: binary: {name}" for name in PLANTED]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Every result with its source; then those with a planted fault."""
    written = write_results(tmp_path_factory.mktemp("studies"))
    return [*written, *plant(written)]


@pytest.fixture(scope="module")
def viewer():
    """Return OHIF, started once for all tests of this module."""
    with ohif() as opened:
        yield opened


LEFT_TO_ADAPTERS = ("sagittal", "reversed slices", "9 × 13 voxels")
"""Sources that the gate shows to the other programs only: OHIF takes seconds for each."""

OTHERS = [program for program in OVERLAY_PROGRAMS if program.name != "OHIF"]


def assert_laid(program, lay, results):
    # A difference in either direction is news: look at it, then run tools/record_readers.py.
    measured = overlay_outcomes(lay, results)
    planted = [measured.pop(name) for name in PLANTED_NAMES if name in measured]
    recorded = ON_SOURCE["readers"][program.name]["version"]
    assert measured == {name: ON_SOURCE["outcomes"][name][program.name] for name in measured}, (
        f"{program.name} {program.version()} does not see what {recorded} saw"
    )
    assert program.version() == recorded
    assert all(outcome.startswith("wrong ") for outcome in planted)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("program", OTHERS, ids=lambda program: program.name)
def test_a_program_lays_every_result_over_its_source_as_the_documentation_says(program, results):
    with program.start() as lay:
        assert_laid(program, lay, results)


@pytest.mark.timeout(300)
def test_ohif_lays_results_over_their_source_as_the_documentation_says(viewer, results):
    shown = [each for each in results if each.result.source not in LEFT_TO_ADAPTERS]
    assert_laid(OVERLAY_PROGRAMS[0], partial(lay_in_ohif, viewer), shown)


@pytest.mark.endurance
@pytest.mark.timeout(300)
def test_ohif_lays_the_other_results_over_their_source_as_the_documentation_says(viewer, results):
    shown = [each for each in results if each.result.source in LEFT_TO_ADAPTERS]
    assert_laid(OVERLAY_PROGRAMS[0], partial(lay_in_ohif, viewer), shown)


SHAPE = (6, 9, 16)


@pytest.mark.endurance
@pytest.mark.timeout(300)
def test_ohif_shows_large_numbers_and_results_over_time_as_advice_says(viewer, tmp_path):
    plain, timed = tmp_path / "plain", tmp_path / "timed"
    random = np.random.default_rng(0)
    dcs.write(random.integers(0, 99, SHAPE), plain / "ct", kind="CT", spacing=(1, 1, 2))
    series = random.integers(0, 99, (3, *SHAPE))
    dcs.write(series, timed / "ct", kind="CT", spacing=(1, 1, 2), axes="tzyx", times=2.0)
    labels = (np.arange(np.prod(SHAPE)) % 301).reshape(SHAPE).astype("uint16")
    maps = random.normal(size=(3, *SHAPE)).astype("float32")

    segments, said = laid(viewer, plain, labels, kind="Segmentation")
    assert OVERLAY_LIMITS["segments beyond 255"] in said
    found = segments[0].values
    assert np.array_equal(found[80], labels == 80)
    assert not np.array_equal(found[44], labels == 44)  # has the voxels of 300, too
    assert not found[300].any()

    (over_time,), said = laid(viewer, plain, maps, kind="ParametricMap", axes="tzyx", times=2.0)
    assert _plain(OVERLAY_LIMITS["map over time"]) in said
    assert np.allclose(over_time.values[0], maps[0] * 100, rtol=1e-6)

    (planes, _), said = laid(viewer, timed, labels % 3, kind="Segmentation")
    assert _plain(OVERLAY_LIMITS["source over time"]) in said
    assert planes.values[1].shape == (18, *SHAPE[1:])
    nothing, said = laid(viewer, timed, maps[0], kind="ParametricMap")
    assert _plain(OVERLAY_LIMITS["source over time"]) in said
    assert nothing == []


def laid(viewer, study, array, **options):
    """Write a result into a study; return what OHIF lays over its source, and the advice."""
    folder = study / f"result-{len(list(study.iterdir()))}"
    receipt = dcs.write(array, folder, like=study / "ct", units=None, sync=False, **options)
    source = str(dcs.read(study / "ct").tags["SeriesInstanceUID"])
    _, (head, voxels) = viewer.overlays(study, source, [receipt.series_uid])
    return overlay_from_page(head, voxels), receipt.advice


FORMS = {
    "binary": {"kind": "Segmentation"},
    "labelmap": {"kind": "Segmentation", "segmentation_type": "labelmap"},
    "map": {"kind": "ParametricMap", "units": "1"},
}


def irregular_study(name, folder):
    """Write irregular slices and a result of each form; return these and the advice of each."""
    planes, size = PLANES[name], (8, 16)
    if planes.are_parallel:
        places = {"positions": planes.positions, "direction": planes.orientations[0]}
        array = planes.values(*size).astype("int16")
        dcs.write(array, folder / "ct", kind="CT", **places, spacing=(*SPACING, 2), sync=False)
    else:
        planes.write_source(folder.with_name(f"{folder.name}-parts"), *size)
        shutil.copytree(folder.with_name(f"{folder.name}-parts") / "all", folder / "ct")
    random = np.random.default_rng(2)
    labels = random.integers(0, 3, (planes.count, *size)).astype("uint8")
    values = random.normal(size=labels.shape).astype("float32")
    receipts = {
        form: dcs.write(
            values if form == "map" else labels,
            folder / form,
            like=folder / "ct",
            sync=False,
            **options,
        )
        for form, options in FORMS.items()
    }
    return labels, values, receipts


@pytest.mark.endurance
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore::dicomseries.DicomSeriesWarning")
@pytest.mark.parametrize("name", PLANES)
def test_ohif_lays_results_over_irregular_slices_as_advice_says(viewer, tmp_path, name):
    labels, values, receipts = irregular_study(name, tmp_path / "study")
    source = str(dcs.scan(tmp_path / "study" / "ct")[0].series_uid)
    forms = {receipt.series_uid: form for form, receipt in receipts.items()}
    layout = "" if name in {"uneven", "several orientations"} else MPR
    limit = _plain(OVERLAY_LIMITS["source of several orientations"])
    if name == "several orientations":
        assert all(limit in receipt.advice for receipt in receipts.values())
        with pytest.raises(CannotReadError, match="not yet supported"):
            viewer.overlays(tmp_path / "study", source, list(forms), layout)
        return
    _, *images = viewer.overlays(tmp_path / "study", source, list(forms), layout)
    laid = {forms[head["series"]]: overlay_from_page(head, voxels) for head, voxels in images}
    for form in ("binary", "labelmap"):
        for overlay in laid[form]:
            for number in (1, 2):
                np.testing.assert_array_equal(overlay.values[number], labels == number)
    said = _plain(OVERLAY_LIMITS["map on single slices"]) in receipts["map"].advice
    assert said == (name == "uneven") == (laid["map"] == [])
    for overlay in laid["map"]:
        np.testing.assert_allclose(overlay.values[0], values * 100, rtol=1e-6)


@pytest.mark.endurance
@pytest.mark.filterwarnings("ignore::dicomseries.DicomSeriesWarning")
@pytest.mark.parametrize("name", PLANES)
def test_adapters_lay_results_over_irregular_slices_image_by_image(tmp_path, name):
    labels, values, _ = irregular_study(name, tmp_path / "study")
    files = [str(path) for path in sorted((tmp_path / "study" / "ct").glob("*.dcm"))]
    results = [str(next((tmp_path / "study" / form).glob("*.dcm"))) for form in FORMS]
    with node_program("adapters") as ask:
        images = ask({"source": files, "results": results})["images"]
    for form, image in zip(FORMS, images, strict=True):
        overlays = overlay_from_page(image, image_voxels(image))
        assert bool(overlays) == (name != "several orientations")
        for overlay in overlays:
            if form == "map":
                np.testing.assert_allclose(overlay.values[0], values, rtol=1e-6)
                continue
            for number in (1, 2):
                np.testing.assert_array_equal(overlay.values[number], labels == number)


@pytest.mark.timeout(300)
def test_ohif_lists_a_report_of_measurements_and_cannot_open_it(viewer, results, tmp_path):
    # OHIF 3.13 wants coordinates in each measurement; those of a segment have none.
    written = next(each for each in results if each.result.name == "Segmentation: binary: oblique")
    study = tmp_path / "study"
    shutil.copytree(written.source_folder, study / "ct")
    report = dcs.measure(written.path, source=study / "ct", out=study / "sr", sync=False)
    with pytest.raises(CannotReadError, match="reading 'ReferencedSOPSequence'"):
        viewer.report(study, written.source_uid, report.series_uid)


def test_the_record_has_every_result_and_every_program():
    assert list(ON_SOURCE["outcomes"]) == [result.name for result in RESULTS]
    assert {name: reader["asked"] for name, reader in ON_SOURCE["readers"].items()} == {
        program.name: program.asked for program in OVERLAY_PROGRAMS
    }
    assert all(
        list(outcomes) == list(ON_SOURCE["readers"]) for outcomes in ON_SOURCE["outcomes"].values()
    )
    assert ON_SOURCE["meanings"] == OVERLAY_MEANINGS


NOT_IN_THE_MATRIX = (
    "columns of bits",
    "segments beyond 255",
    "map over time",
    "source over time",
    "source of several orientations",
    "map on single slices",
)
"""The first is of Orthanc, in kinds.md; the others are measured by tests of their own."""

WRONG_IN = {
    "map on its source": {"OHIF"},
    "map of 64 bits": {"OHIF", "dcmqi"},
    "voxels of a map": {"OHIF", "@cornerstonejs/adapters"},
    "part of a map": {"OHIF", "@cornerstonejs/adapters"},
    "part of a slice": {"OHIF", "@cornerstonejs/adapters"},
    "bits": {"@cornerstonejs/adapters"},
    **{key: set() for key in NOT_IN_THE_MATRIX},
    "overlapping": {"OHIF"},
    "fractional": {"OHIF", "@cornerstonejs/adapters", "dcmqi"},
    "labels beyond 255": {"OHIF", "@cornerstonejs/adapters", "highdicom"},
    "colours of labels": {"OHIF"},
}
"""The programs of which each sentence of advice says that they are wrong."""


def test_advice_names_the_programs_that_are_wrong_and_no_others(results):
    assert {*WRONG_IN, "segmentation alone", "map alone"} == {*OVERLAY_LIMITS}
    named, wrong = {}, {}
    for written in results[: -len(PLANTED)]:
        name = written.result.name
        outcomes = ON_SOURCE["outcomes"][name]
        wrong[name] = {program for program in outcomes if outcomes[program] != RIGHT}
        said = [key for key, text in OVERLAY_LIMITS.items() if _plain(text) in written.advice]
        named[name] = set().union(*(WRONG_IN[key] for key in said))
    assert named == wrong


def _plain(text):
    """Return a sentence as receipts have it: without the backticks of options."""
    return text.replace("`", "")
