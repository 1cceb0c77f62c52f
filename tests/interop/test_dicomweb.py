"""`serve` gives another DICOMweb client the content that pydicom reads from the files."""

from __future__ import annotations

import shutil
import threading
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pydicom
import pytest
import requests
from dicomweb_client import DICOMwebClient
from pydicom.data import get_testdata_file
from pydicom.encaps import generate_frames

import dicomseries as dcs
from dicomseries.api.serve import held_at, serve
from judges.cases import CASES

FORMS = [case for case in CASES if "t" not in case.axes]
NATIVE = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
)
EXPLICIT = "1.2.840.10008.1.2.1"
EVENT = {"IrradiationEventUID": "2.25.1", "RescaleType": "HU"}
UNKNOWN_TO_PYDICOM = "1.2.840.10008.1.2.4.110"
ARRAY = np.random.default_rng(4).integers(-1000, 3000, (3, 9, 7)).astype("int16")
OCTETS = ("application/octet-stream",)
FOREIGN = ("image_dfl.dcm", "MR_small_bigendian.dcm", "SC_rgb_rle_2frame.dcm")
IMAGES = {
    "rle": "image/dicom-rle",
    "jpegls": "image/jls",
    "j2k": "image/jp2",
    "htj2k": "image/jphc",
    "jxl": "image/jxl",
}


@dataclass(frozen=True)
class Served:
    client: DICOMwebClient
    url: str

    def bulk(self, address):
        return b"".join(self.client.retrieve_bulkdata(address))

    def one(self, dataset):
        return dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID


@contextmanager
def serving(folder):
    with serve(held_at(folder)) as (server, url):
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Served(client=DICOMwebClient(url=url), url=url)
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Every form that we write, every compression, and some that others do."""
    pytest.importorskip("imagecodecs")
    folder = tmp_path_factory.mktemp("served")
    for index, case in enumerate(FORMS):
        case.write(folder / f"case-{index}")
    for word in IMAGES:
        for kind in ("CT", "EnhancedCT"):
            options = {
                "compression": word,
                "metadata": EVENT if kind == "EnhancedCT" else None,
                "verify": False,
            }
            dcs.write(
                ARRAY, folder / f"{kind}-{word}", kind=kind, spacing=(0.7, 0.9, 2.5), **options
            )
    labels = (
        np.random.default_rng(8).integers(0, 3, (3, 5, 7)).astype("uint8")
    )  # frames that end inside a byte
    dcs.write(labels, folder / "odd-bits", kind="Segmentation", spacing=(1, 2, 3), verify=False)
    for name in FOREIGN:
        (folder / name).mkdir()
        shutil.copy(get_testdata_file(name), folder / name / name)
    return folder


@pytest.fixture(scope="module")
def served(folder):
    with serving(folder) as one:
        yield one


def files(folder, name):
    return [pydicom.dcmread(path) for path in sorted((folder / name).rglob("*.dcm"))]


NAMES = [
    *(f"case-{index}" for index in range(len(FORMS))),
    *(f"{kind}-{word}" for word in IMAGES for kind in ("CT", "EnhancedCT")),
    "odd-bits",
    *FOREIGN,
]
IDS = [*(case.name for case in FORMS), *NAMES[len(FORMS) :]]


@pytest.mark.parametrize("name", NAMES, ids=IDS)
def test_files_headers_and_frames_are_those_on_disk(folder, served, name):
    datasets = files(folder, name)
    assert datasets
    for dataset in datasets:
        got = served.client.retrieve_instance(*served.one(dataset))
        assert got == dataset
        assert got.file_meta == dataset.file_meta
        model = served.client.retrieve_instance_metadata(*served.one(dataset))
        assert_same_header(pydicom.Dataset.from_json(model, served.bulk), dataset)
        count = int(dataset.get("NumberOfFrames", 1))
        frames = served.client.retrieve_instance_frames(
            *served.one(dataset), list(range(1, count + 1))
        )
        assert b"".join(frames) == b"".join(stored(dataset, count))
        if (
            dataset.SamplesPerPixel == 1
            and dataset.file_meta.TransferSyntaxUID != UNKNOWN_TO_PYDICOM
        ):
            (plain,) = served.client.retrieve_instance_frames(
                *served.one(dataset), [count], media_types=OCTETS
            )
            frames = dataset.pixel_array.reshape(count, *shape_of(dataset))
            assert np.array_equal(decoded(plain, dataset), frames[-1])


def shape_of(dataset):
    return dataset.Rows, dataset.Columns


def stored(dataset, count):
    """Return the frames of Pixel Data from pydicom, lowest byte first."""
    name = next(
        one for one in ("PixelData", "FloatPixelData", "DoubleFloatPixelData") if one in dataset
    )
    content = dataset[name].value
    if dataset.file_meta.TransferSyntaxUID not in NATIVE:
        return list(generate_frames(content, number_of_frames=count))
    if dataset.BitsAllocated == 1:
        bits = dataset.pixel_array.reshape(count, -1)
        return [np.packbits(frame, bitorder="little").tobytes() for frame in bits]
    if dataset.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.2":
        content = np.frombuffer(content, ">u2").astype("<u2").tobytes()
    size = dataset.Rows * dataset.Columns * dataset.SamplesPerPixel * dataset.BitsAllocated // 8
    return [content[: size * count]]


def decoded(frame, dataset):
    if dataset.BitsAllocated == 1:
        bits = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")
        return bits[: dataset.Rows * dataset.Columns].reshape(shape_of(dataset))
    return np.frombuffer(frame, dataset.pixel_array.dtype.newbyteorder("<")).reshape(
        shape_of(dataset)
    )


def assert_same_header(model, dataset):
    pixels = {0x7FE00008, 0x7FE00009, 0x7FE00010}
    syntax = dataset.file_meta.TransferSyntaxUID
    assert model.AvailableTransferSyntaxUID == (EXPLICIT if syntax in NATIVE else syntax)
    for element in dataset:
        if element.tag not in {*pixels, 0x00080005}:
            assert model[element.tag].value == element.value, element
    assert {*model.keys()} - {*dataset.keys()} == {0x00083002}


def wide_get(url, accept="", **headers):
    return requests.get(url, headers={"Accept": accept or "*/*", **headers}, timeout=60)


@pytest.mark.parametrize("word", IMAGES)
def test_a_compressed_frame_is_sent_as_it_is_stored_or_decoded_as_the_client_wishes(
    folder, served, word
):
    (dataset,) = files(folder, f"EnhancedCT-{word}")
    address = "{}studies/{}/series/{}/instances/{}/frames/".format(served.url, *served.one(dataset))
    syntax = dataset.file_meta.TransferSyntaxUID
    content_type = f"{IMAGES[word]}; transfer-syntax={syntax}"
    streams = list(generate_frames(dataset.PixelData, number_of_frames=3))
    for accept in (
        IMAGES[word],
        f"{IMAGES[word]}; transfer-syntax={syntax}",
        "application/octet-stream; transfer-syntax=*",
        f'text/html;q=0.9, application/octet-stream;q=0.1, "a,b", {IMAGES[word]};q=0.2',
    ):
        got = wide_get(address + "2", accept)
        assert (got.headers["Content-Type"], got.content) == (content_type, streams[1]), accept
    both = wide_get(
        address + "3,1", 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
    )
    assert both.headers["Content-Type"].startswith(
        f'multipart/related; type="{IMAGES[word]}"; boundary='
    )
    assert both.content.count(f"Content-Type: {content_type}".encode()) == 2
    assert both.content.index(streams[2]) < both.content.index(streams[0])
    for accept in (
        "application/octet-stream",
        f"application/octet-stream; transfer-syntax={EXPLICIT}",
    ):
        plain = wide_get(address + "3", accept)
        assert (
            plain.headers["Content-Type"] == f"application/octet-stream; transfer-syntax={EXPLICIT}"
        )
        # JPEG XL holds numbers without a sign, all moved by the same.
        assert np.ptp(np.frombuffer(plain.content, "<i2").reshape(9, 7) - ARRAY[2]) == 0
    for accept in ("text/html", "image/jpeg", "image/jls; transfer-syntax=1.2.3"):
        assert wide_get(address + "1", accept).status_code == 406
    assert wide_get(address + "1,2", IMAGES[word]).status_code == 406  # two are not one


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """Two patients, three studies: CT and MR, a further MR; a CT of the second patient."""
    folder = tmp_path_factory.mktemp("clinic")
    array = np.arange(24, dtype="int16").reshape(2, 3, 4)
    for name, kind, number, person, date, study in (
        ("a", "CT", 1, "Doe^Jane", "20240105", "1.2.3.1"),
        ("b", "MR", 2, "Doe^Jane", "20240105", "1.2.3.1"),
        ("c", "MR", 3, "Doe^Jane", "20240630", "1.2.3.2"),
        ("d", "CT", 1, "Müller^Rosa=\u68ee", "20250101", "1.2.3.3"),
    ):
        metadata = {
            "PatientName": person,
            "PatientID": person[:1],
            "SeriesNumber": number,
            "StudyDate": date,
        }
        metadata |= {"SeriesDescription": f"[{kind}] 1*"}
        options = {
            "spacing": (1, 2, 3),
            "metadata": metadata,
            "uid": {"StudyInstanceUID": study},
            "verify": False,
        }
        dcs.write(
            array.astype("uint16") if kind == "MR" else array, folder / name, kind=kind, **options
        )
    with serving(folder) as one:
        yield one


def values(results, tag):
    return [one[tag]["Value"][0] for one in results]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["1", "2", "3"]),
        ({"PatientID": "D"}, ["1", "2"]),
        ({"00100020": "M"}, ["3"]),
        ({"PatientName": "doe*"}, ["1", "2"]),
        ({"PatientName": "M?ller^rosa"}, ["3"]),
        ({"PatientName": "Doe"}, []),
        ({"PatientName": "*"}, ["1", "2", "3"]),
        ({"StudyDate": "20240105-20241231"}, ["1", "2"]),
        ({"StudyDate": "20240106-"}, ["2", "3"]),
        ({"StudyDate": "-20240105"}, ["1"]),
        ({"StudyDate": "20240630"}, ["2"]),
        ({"StudyInstanceUID": "1.2.3.3,1.2.3.2"}, ["2", "3"]),
        ({"ModalitiesInStudy": "CT"}, ["1", "3"]),
        ({"Modality": "MR", "SeriesNumber": "3"}, ["2"]),
        ({"SeriesNumber": "2", "Modality": "CT"}, []),
        ({"SeriesDescription": "[CT] 1?"}, ["1", "3"]),
        ({"InstanceNumber": "02"}, ["1", "2", "3"]),
        ({"PatientBirthDate": "19000101"}, []),
    ],
)
def test_studies_are_found_by_what_one_of_their_instances_is(clinic, asked, found):
    results = clinic.client.search_for_studies(search_filters=asked)
    assert sorted(uid[-1] for uid in values(results, "0020000D")) == found


def test_results_say_how_much_there_is_and_where(clinic):
    first, *_ = clinic.client.search_for_studies(search_filters={"StudyInstanceUID": "1.2.3.1"})
    assert (first["00100010"]["Value"], first["00080061"]["Value"]) == (
        [{"Alphabetic": "Doe^Jane"}],
        ["CT", "MR"],
    )
    assert (first["00201206"]["Value"], first["00201208"]["Value"]) == ([2], [4])
    assert first["00081190"]["Value"] == [f"{clinic.url}studies/1.2.3.1"]
    series = clinic.client.search_for_series("1.2.3.1")
    assert sorted(values(series, "00080060")) == ["CT", "MR"]
    assert values(series, "00201209") == [2, 2]
    instances = clinic.client.search_for_instances("1.2.3.1", values(series, "0020000E")[0])
    assert values(instances, "00200013") == [1, 2]
    assert values(instances, "00280010") == [3, 3]
    assert len(clinic.client.search_for_instances(search_filters={"PatientID": "D"})) == 6
    address = instances[1]["00081190"]["Value"][0]
    assert wide_get(f"{address}/metadata").json()[0]["00200013"]["Value"] == [2]


def test_pages_of_results_join_to_all_of_them_and_omissions_are_stated(clinic):
    every = clinic.client.search_for_instances()
    pages = [clinic.client.search_for_instances(limit=3, offset=offset) for offset in (0, 3, 6)]
    assert [one for page in pages for one in page] == every
    assert clinic.client.search_for_instances(limit=2, get_remaining=True) == every
    warning = wide_get(clinic.url + "instances?limit=3").headers["Warning"]
    assert "There are 5 additional results" in warning
    assert "fuzzymatching" in wide_get(clinic.url + "studies?fuzzymatching=true").headers["Warning"]


def test_requested_fields_are_returned_as_well(clinic):
    plain = wide_get(clinic.url + "instances?limit=1").json()[0]
    assert not plain.keys() & {"00200032", "00281053"}
    fields = "includefield=00200032,RescaleSlope&includefield=00990099"
    asked = wide_get(f"{clinic.url}instances?limit=1&{fields}").json()[0]
    assert asked.keys() - plain.keys() == {"00200032", "00281053"}
    whole = wide_get(clinic.url + "instances?limit=1&includefield=all").json()[0]
    assert whole.keys() > asked.keys()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("studies?Nonsense=1", 400),
        ("studies?limit=-1", 400),
        ("studies?offset=x", 400),
        ("studies/9.9.9", 404),
        ("studies/9.9.9/series", 404),
        ("studies/1.2.3.1/series/9.9/metadata", 404),
        ("studies/..%2f..%2fetc", 404),
        ("studies/1.2.3.1/rendered", 404),
        ("metadata", 404),
        ("nonsense", 404),
        ("studies/1.2.3.2/metadata?accept=text/html", 406),
    ],
)
def test_missing_resources_are_rejected_with_a_reason(clinic, path, status):
    answer = wide_get(clinic.url + path)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")
    assert len(answer.text) > 20


def test_frames_are_counted_from_one_and_headers_have_no_frames(clinic):
    address = clinic.client.search_for_instances("1.2.3.2")[0]["00081190"]["Value"][0]
    assert [
        wide_get(f"{address}/frames/{number}").status_code
        for number in ("1", "0", "2", "1,2", "x", "")
    ] == [*(200, 404, 404, 404, 404, 404)]
    assert wide_get(f"{address}/bulkdata/00100010").status_code == 404
    assert (
        wide_get(f"{address}/bulkdata/7FE00010", "application/octet-stream").content[:4]
        == b"\0\0\1\0"
    )


def test_a_study_is_retrieved_with_all_of_its_series(clinic):
    datasets = clinic.client.retrieve_study("1.2.3.1")
    assert sorted((one.Modality, one.InstanceNumber) for one in datasets) == [
        *(("CT", 1), ("CT", 2), ("MR", 1), ("MR", 2))
    ]
    streamed = list(clinic.client.iter_study("1.2.3.1"))
    assert streamed == datasets


def test_pages_of_other_origins_may_read_who_does_not_know_the_token_may_not(clinic):
    preflight = requests.options(
        clinic.url + "studies", headers={"Origin": "https://viewer.example"}, timeout=60
    )
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Headers"] == "*"
    answer = wide_get(clinic.url + "studies")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    root, token, _ = clinic.url.rsplit("/", 2)
    for response in (
        wide_get(f"{root}/{token[:-1]}/studies"),
        wide_get(f"{root}/studies"),
        wide_get(clinic.url + "studies", Host="evil.example"),
        wide_get(clinic.url + "studies", Host="localhost"),
        requests.options(f"{root}/{token[1:]}/studies", timeout=60),
    ):
        assert (response.status_code, response.text) == (404, "There is nothing here.\n")
        assert "Access-Control-Allow-Origin" not in response.headers
    for method in ("POST", "PUT", "DELETE"):
        assert (
            requests.request(method, clinic.url + "studies", data=b"", timeout=60).status_code
            == 501
        )


def test_a_file_that_has_changed_since_the_start_is_rejected(tmp_path):
    dcs.write(
        np.zeros((2, 3, 4), "int16"), tmp_path / "ct", kind="CT", spacing=(1, 1, 1), verify=False
    )
    with serving(tmp_path) as served:
        address = served.client.search_for_instances()[0]["00081190"]["Value"][0]
        first = min((tmp_path / "ct").iterdir())
        first.write_bytes(first.read_bytes()[:-2])
        for path in ("", "/frames/1", "/bulkdata/7FE00010"):
            answer = wide_get(address + path)
            assert (answer.status_code, "Run the command again" in answer.text) == (500, True)
        assert wide_get(address + "/metadata").status_code == 200
