"""One HTML page of a model and voxels, without network."""

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

__all__ = ["MODULES", "packed_voxels", "page_html", "program", "served_policy"]

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
"""The scripts of the page, in the order of their imports."""

STYLES = ("panes.css", "style.css")

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./\w+\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function|const|class)", re.MULTILINE)


def page_html(model: dict[str, Any], voxels: Sequence[str] | None) -> str:
    """Return the page.

    Parameters
    ----------
    model : dict
        Of `page_model`, with ``attributes`` and ``findings`` in a page without a server.
    voxels : sequence of str or None
        Of each layer, from `packed_voxels`; None if the page loads them from its server.

    Notes
    -----
    The Content-Security-Policy allows only the script and style of the page, by their SHA-256: no
    text of a header can run, and nothing is loaded except from the server of the page.
    """
    script, style = program(), _styles()
    data = [f'<script type="text/plain" class="voxels">{layer}</script>' for layer in voxels or ()]
    parts = {
        "TITLE": html.escape(str(model["title"])),
        "POLICY": _policy(script, style, is_served=voxels is None),
        "STYLE": style,
        "MODEL": _safe_json(model),
        "VOXELS": "\n".join(data),
        "SCRIPT": script,
    }
    # In one pass: the text of a header must not be taken for a placeholder.
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _source("index.html"))


def served_policy() -> str:
    """Return the Content-Security-Policy header of a served page."""
    return _policy(program(), _styles(), is_served=True)


def _policy(script: str, style: str, *, is_served: bool) -> str:
    source = "'self'" if is_served else "'none'"
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        f"img-src data:; connect-src {source}; base-uri 'none'; form-action 'none'"
    )


def program() -> str:
    """Return the scripts of the page as one script."""
    scripts = [_EXPORT.sub("", _IMPORT.sub("", _source(f"{name}.js"))) for name in MODULES]
    return "\n".join(scripts)


def packed_voxels(layer: Layer) -> str:
    """Return all voxels of a layer, deflated, in base 64."""
    frames = layer.volume.slabs
    dtype = wire_dtype(frames.dtype)
    compressor = zlib.compressobj(level=6)
    parts = []
    for index in range(frames.shape[0]):
        frame = np.ascontiguousarray(frames.read(index, index + 1).astype(dtype, copy=False))
        parts.append(compressor.compress(frame.tobytes()))
    parts.append(compressor.flush())
    return base64.b64encode(b"".join(parts)).decode("ascii")


def _styles() -> str:
    return "".join(map(_source, STYLES))


def _source(name: str) -> str:
    return (resources.files("dicomseries.viewing") / "page" / name).read_text(encoding="utf-8")


def _safe_json(model: dict[str, Any]) -> str:
    """Return JSON that cannot end its script element."""
    return json.dumps(model, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
