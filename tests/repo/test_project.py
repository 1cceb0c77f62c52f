"""Rules for the project's files: pins, make targets, documents, forbidden content."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TARGETS = re.findall(r"^([a-z]+):.*", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git repository: an unpacked source archive")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_the_host_of_a_package_index():
    hosts = [
        "py" + "pi.org",
        "python" + "hosted",
        "npm" + "js.org",
        "deb." + "debian.org",
        "archive." + "ubuntu.com",
    ]
    found = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in tracked()
        for host in hosts
        if host.encode() in path.read_bytes()
    ]
    assert found == []


def test_no_image_is_committed():
    images = {
        ".dcm",
        ".nii",
        ".gz",
        ".nrrd",
        ".mha",
        ".mhd",
        ".npy",
        ".npz",
        ".tif",
        ".tiff",
        ".h5",
    }
    assert [str(path) for path in tracked() if path.suffix in images] == []


def test_no_file_is_large():
    assert [str(path) for path in tracked() if path.stat().st_size > 300_000] == []


@pytest.mark.parametrize("target", TARGETS)
def test_a_make_target_is_documented(target):
    assert re.search(
        rf"^{target}:.*## \w", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert f"make {target}" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_make_and_ci_know_the_same_gate():
    assert "exec make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert {"demo", "test", "check", "bench", "clean"} <= set(TARGETS)


def pinned() -> set[str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[a-z0-9-]+==[\w.]+", line)] == []
    return {line.partition("==")[0] for line in pins}


def test_everything_that_is_asked_for_is_pinned():
    groups = [
        PYPROJECT["project"]["dependencies"],
        *PYPROJECT["project"]["optional-dependencies"].values(),
        *PYPROJECT["dependency-groups"].values(),
        PYPROJECT["build-system"]["requires"],
    ]
    asked = {
        re.split(r"[\[<>=; ]", entry)[0].lower()
        for group in groups
        for entry in group
        if isinstance(entry, str)
    }
    assert asked - pinned() - {"dicomseries"} == set()


def test_versions_agree():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{PYPROJECT['project']['version']}]" in changelog


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda path: path.stem
)
def test_a_decision_is_short_and_says_question_choice_and_price(path):
    text = path.read_text(encoding="utf-8")
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+", path.stem)
    assert len(text.splitlines()) <= 40
    assert re.findall(r"^## (\w+)", text, re.MULTILINE) == ["Question", "Choice", "Price"]


@pytest.mark.parametrize(
    "path", [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], ids=lambda path: path.name
)
def test_a_document_links_only_to_what_exists(path):
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (path.parent / link).exists()] == []


def test_marks_are_of_folders_and_files_that_exist():
    from conftest import MARKS

    paths = [path for marked in MARKS.values() for path in marked]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
