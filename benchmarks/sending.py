"""Sending a series to an archive, beside dcmtk's storescu and pynetdicom's own call."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from measure import Row, take_turns

import dicomseries as dcs
from dicomseries.network import InstanceFile, open_peer

NOTE = "bound by the answers of storescp, one after the other"


def rows(scratch: Path, *, slices: int, size: int, rounds: int) -> Iterator[Row]:
    """Yield a series of CT to one storescp, over one association and over two."""
    storescp, storescu = (
        shutil.which(name, path="/usr/bin:/usr/local/bin:/opt/homebrew/bin")
        for name in ("storescp", "storescu")
    )
    if storescp is None or storescu is None:
        print("dcmtk is not installed: no rows about sending")
        return
    folder = scratch / "to-send"
    array = np.random.default_rng(1).integers(0, 4000, (slices, size, size)).astype("int16")
    dcs.write(array, folder, kind="CT", spacing=(1, 1, 1), verify=False)
    instances = instances_of(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([storescp, "--fork", "--ignore", str(port)])
    try:
        wait_for(port)
        url = f"dicom://ANY@127.0.0.1:{port}"

        def send(associations: int) -> None:
            peer = open_peer(url, {"associations": associations})
            for status in peer.store(instances, transcode=never):
                if not status.is_stored:
                    raise RuntimeError(status.text)

        def send_with_dcmtk(_: Path) -> None:
            command = [storescu, "127.0.0.1", str(port), "+sd", str(folder)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

        seconds = take_turns(
            {"1": lambda _: send(1), "2": lambda _: send(2), "storescu": send_with_dcmtk},
            scratch,
            rounds,
        )
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder)
    for count in ("1", "2"):
        yield Row(
            work=f"send {slices} CT slices, {count} association{'s' * (count != '1')}",
            against="storescu of dcmtk",
            ours=seconds[count],
            theirs=seconds["storescu"],
            faster=True,
            goal=3.0,
            note=NOTE,
        )


def instances_of(folder: Path) -> list[InstanceFile]:
    import pydicom

    instances = []
    for path in sorted(folder.glob("*.dcm")):
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        instances.append(
            InstanceFile(
                sop_class_uid=dataset.SOPClassUID,
                sop_instance_uid=dataset.SOPInstanceUID,
                transfer_syntax_uid=dataset.file_meta.TransferSyntaxUID,
                study_uid=dataset.StudyInstanceUID,
                series_uid=dataset.SeriesInstanceUID,
                content=path,
                size=path.stat().st_size,
            )
        )
    return instances


def never(instance: InstanceFile, syntaxes: object) -> InstanceFile:
    message = f"{instance} is not accepted as it is, only as {syntaxes}"
    raise RuntimeError(message)


def wait_for(port: int) -> None:
    for _ in range(1000):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
