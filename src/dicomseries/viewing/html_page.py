"""Model and voxels → one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import zlib
from collections.abc import Sequence
from importlib import resources
from typing import Any

import numpy as np

from dicomseries.viewing.layers import Layer
from dicomseries.viewing.planes import wire_dtype

__all__ = ["MODULES", "document", "packed", "program"]

MODULES = (
    "geometry",
    "windowing",
    "colours",
    "reslicing",
    "dom",
    "texts",
    "state",
    "voxels",
    "picture",
    "pane",
    "sidebar",
    "main",
)
"""The scripts of the page, each after those it imports from."""

STYLES = ("panes.css", "style.css")

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./\w+\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function|const|class)", re.MULTILINE)


def document(model: dict[str, Any], voxels: Sequence[str] | None) -> str:
    """Return the page.

    Parameters
    ----------
    model : dict
        As `page_model` returns it, with ``attributes`` and ``findings`` where they are not to be asked for.
    voxels : sequence of str or None
        Of each layer, as `packed` returns them; None if the page is to ask its server for them.

    Notes
    -----
    The Content-Security-Policy names the page's own script and style by their SHA-256, and no other: nothing that
    stands in a header can run, and nothing is fetched from anywhere but the server that gave the page.
    """
    script, style = program(), "".join(map(_source, STYLES))
    parts = {
        "TITLE": html.escape(str(model["title"])),
        "POLICY": policy(script, style, is_served=voxels is None),
        "STYLE": style,
        "MODEL": _data(model),
        "VOXELS": "\n".join(
            f'<script type="text/plain" class="voxels">{layer}</script>' for layer in voxels or ()
        ),
        "SCRIPT": script,
    }
    # In one go: what a header holds must not be taken for a place of the template.
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _source("index.html"))


def policy(script: str, style: str, *, is_served: bool) -> str:
    """Return the Content-Security-Policy of a page with this script and style."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "img-src data:",
            "connect-src 'self'" if is_served else "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def served_policy() -> str:
    """Return the Content-Security-Policy of a served page, for the header of the answer."""
    return policy(program(), "".join(map(_source, STYLES)), is_served=True)


def program() -> str:
    """Return the scripts of the page as one, their imports and exports taken out."""
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", _source(f"{name}.js"))) for name in MODULES)


def packed(layer: Layer) -> str:
    """Return all voxels of a layer: little-endian, deflated, in base 64."""
    frames = layer.volume.slabs
    dtype = wire_dtype(frames.dtype)
    press = zlib.compressobj(level=6)
    parts = [
        press.compress(
            np.ascontiguousarray(frames.read(index, index + 1).astype(dtype, copy=False)).tobytes()
        )
        for index in range(frames.shape[0])
    ]
    return base64.b64encode(b"".join([*parts, press.flush()])).decode("ascii")


def _source(name: str) -> str:
    return (resources.files("dicomseries.viewing") / "page" / name).read_text(encoding="utf-8")


def _data(model: dict[str, Any]) -> str:
    """Return JSON that cannot end the element it stands in."""
    return json.dumps(model, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode(
        "ascii"
    )
