"""Wait for CT series in an Orthanc; store a segmentation of each in its study.

``python result_service.py http://localhost:8042``
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import time
import urllib.request
from typing import Any

import numpy as np
import numpy.typing as npt

import dicomseries as dcs

LOG = logging.getLogger("result_service")
MODEL = {"name": "Threshold", "version": "1.0", "manufacturer": "Example"}
BONE_HU = 300
PAUSE_S = 1.0


def model(hounsfield: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return labels of the same shape: 1 is bone."""
    return (hounsfield > BONE_HU).astype(np.uint8)


def ask(orthanc: str, path: str) -> Any:
    """Return what Orthanc answers as JSON."""
    with urllib.request.urlopen(f"{orthanc}{path}", timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def answer(orthanc: str, series: str, moment: dt.datetime) -> str | None:
    """Store the result of one series; return its SeriesInstanceUID."""
    tags = ask(orthanc, f"/series/{series}")["MainDicomTags"]
    if tags["Modality"] != "CT":
        return None  # such as our own results
    study_uid = ask(orthanc, f"/series/{series}/study")["MainDicomTags"]["StudyInstanceUID"]
    archive = f"{orthanc}/dicom-web"
    source = f"{archive}/studies/{study_uid}/series/{tags['SeriesInstanceUID']}"
    labels = model(np.asarray(dcs.read(source)))
    if not labels.any():
        LOG.info("%s: nothing found", tags["SeriesInstanceUID"])
        return None
    receipt = dcs.write(
        labels,
        archive,
        kind="Segmentation",
        like=source,
        segments={1: "Bone"},
        model=MODEL,
        description="Bone by threshold",
        uid="content",  # with the same moment, an answer given twice is the same instance
        now=moment,
    )
    LOG.info("%s: stored %s", tags["SeriesInstanceUID"], receipt.series_uid)
    return receipt.series_uid


def answer_new(orthanc: str, since: int) -> tuple[int, list[str]]:
    """Answer the series that became complete; return the last change and the results."""
    results = []
    while True:
        changes = ask(orthanc, f"/changes?since={since}&limit=100")
        for change in changes["Changes"]:
            if change["ChangeType"] != "StableSeries":
                continue
            try:
                moment = dt.datetime.strptime(change["Date"] + "+0000", "%Y%m%dT%H%M%S%z")
                result = answer(orthanc, change["ID"], moment)
            except (dcs.DicomSeriesError, OSError) as error:
                LOG.error("%s: %s", change["ID"], error)  # noqa: TRY400 - the next series goes on
                continue
            if result is not None:
                results.append(result)
        since = changes["Last"]
        if changes["Done"]:
            return since, results


def main() -> None:
    """Answer until Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("orthanc", help="address, such as http://localhost:8042")
    orthanc = parser.parse_args().orthanc.rstrip("/")
    since = 0
    while True:
        since, _ = answer_new(orthanc, since)
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
