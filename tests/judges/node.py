"""Readers from npm without a browser: one process of node for all series.

Their scripts are in tests/interop/viewers; `make viewers` fetches and bundles their packages.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom

from judges.browser import BUILT
from judges.outcomes import CannotReadError
from judges.presence import absent
from judges.seen import Seen

__all__ = ["image_of", "image_voxels", "itk_wasm", "node_program"]

SEGMENTATIONS = {"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"}

Answer = dict[str, Any]


@contextmanager
def node_program(name: str) -> Iterator[Callable[[dict[str, Any]], Answer]]:
    """Start a bundled script; yield a function that sends a job and returns the answer."""
    script = BUILT / "dist" / f"{name}.mjs"
    program = shutil.which("node") or shutil.which("nodejs")
    if program is None or not script.is_file():
        absent(f"the script {name} for node", "run `make viewers`")
    command = [str(program), str(script)]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, encoding="utf-8", **streams) as process:

        def ask(job: dict[str, Any]) -> Answer:
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                message = f"{name} ended with {process.wait(timeout=20)} at {job}"
                raise RuntimeError(message)
            answer: Answer = json.loads(line)
            if answer["error"]:
                raise CannotReadError(answer["error"])
            return answer

        try:
            yield ask
        finally:
            process.stdin.close()
            process.wait(timeout=20)


@contextmanager
def itk_wasm() -> Iterator[Callable[[Path], list[Seen]]]:
    """Start ITK in WebAssembly; yield a function that returns the images of a folder."""
    with node_program("itk_wasm") as ask:

        def open_series(folder: Path) -> list[Seen]:
            files = sorted(folder.glob("*.dcm"))
            first = pydicom.dcmread(
                files[0], stop_before_pixels=True, specific_tags=["SOPClassUID"]
            )
            segmentation = first.SOPClassUID in SEGMENTATIONS
            answer = ask({"files": list(map(str, files)), "segmentation": segmentation})
            return [image_of(image) for image in answer["images"]]

        yield open_series


def image_voxels(image: Answer) -> npt.NDArray[np.float64]:
    """Return the voxels of an image in one row."""
    return np.frombuffer(base64.b64decode(image["voxels"]), "<f8")


def image_of(image: Answer) -> Seen:
    """Return an image as a script describes it."""
    voxels = image_voxels(image)
    samples = [] if image["samples"] == 1 else [image["samples"]]
    affine = None if image["affine"] is None else np.array(image["affine"], dtype=np.float64)
    return Seen(array=voxels.reshape(*image["sizes"][::-1], *samples), affine_lps=affine)
