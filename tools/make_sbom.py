"""Write the list of parts of dicomseries (CycloneDX, JSON): itself and all that it can install.

``python tools/make_sbom.py ENVIRONMENT OUT`` takes the Python of an environment that has
``dicomseries[all]``. Tools of the tests in the same environment are left out. The same environment
gives the same bytes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

_CLOSURE = """
import importlib.metadata as metadata, json, re
from packaging.requirements import Requirement

def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()

seen, open_ends = {}, [("dicomseries", frozenset({"all"}))]
while open_ends:
    name, extras = open_ends.pop()
    if extras <= seen.get(name, frozenset()) and name in seen:
        continue
    extras = seen[name] = seen.get(name, frozenset()) | extras
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        raise SystemExit(f"{name} is not installed: run make check, which installs everything")
    for requirement in map(Requirement, lines):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ["", *extras]):
            open_ends.append((plain(requirement.name), frozenset(requirement.extras)))
print(json.dumps(sorted(seen)))
"""
"""Program of the environment: names of the packages that dicomseries[all] needs there."""


def main() -> int:
    python, out = sys.argv[1:]
    closure = subprocess.run(
        [python, "-c", _CLOSURE], check=True, stdout=subprocess.PIPE, encoding="utf-8"
    )
    listed = subprocess.run(
        [
            *(sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"),
            *("--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "library", python),
        ],
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    parts = parts_of(json.loads(listed.stdout), set(json.loads(closure.stdout)))
    text = json.dumps(parts, indent=2, ensure_ascii=False)
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    Path(out).write_text(text + "\n", encoding="utf-8")
    print(f"{len(parts['components'])} packages in {out}")
    return 0


def parts_of(listed: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """Return the list with the named packages only, without paths of this machine."""
    root = listed["metadata"]["component"]["bom-ref"]
    components = []
    for component in listed["components"]:
        name = component["name"].replace("_", "-").replace(".", "-").lower()
        if name in names and name != "dicomseries":
            component.pop("externalReferences", None)
            components.append(component)
    kept = {root, *(component["bom-ref"] for component in components)}
    dependencies = []
    for entry in listed["dependencies"]:
        if entry["ref"] in kept:
            needed = [ref for ref in entry.get("dependsOn", []) if ref in kept]
            dependencies.append({"ref": entry["ref"], "dependsOn": needed})
    return {**listed, "components": components, "dependencies": dependencies}


if __name__ == "__main__":
    sys.exit(main())
