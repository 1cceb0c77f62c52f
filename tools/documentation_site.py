"""Hooks of mkdocs: page order, and root pages.

CHANGELOG.md, SECURITY.md and CONTRIBUTING.md are pages of the site too. Every page below docs/ is
in the navigation: a section is a folder. Pages are grouped by job in `GROUPS`; a page that is in no
group comes last, in the order of the names.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

AT_THE_ROOT = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
SECTIONS = {
    "Tutorial": "tutorial",
    "How to": "how-to",
    "Explanation": "explanation",
    "Reference": "reference",
    "Decisions": "decisions",
}
GROUPS: dict[str, dict[str, tuple[str, ...]]] = {
    "how-to": {
        "Results of a series": (
            "derive",
            "from-a-network",
            "segmentation",
            "measure",
            "results-on-the-source",
            "draw-a-result",
            "deliver-a-result",
            "from-ct-to-ohif",
        ),
        "Arrays and files": (
            "from-a-numpy-pipeline",
            "from-nifti-or-nrrd",
            "from-other-files",
            "convert-a-folder",
            "time-series",
            "complex",
            "colour",
            "lossless-floats",
            "multi-frame",
        ),
        "Attributes, axes, bytes": (
            "metadata",
            "orientation",
            "compress",
            "transcode",
            "same-bytes",
        ),
        "Read, look and check": (
            "use-volumes",
            "mixed-folders",
            "irregular-series",
            "pictures",
            "look-at-it",
            "viewers",
            "when-a-viewer-is-wrong",
        ),
        "Pipelines, large or remote": (
            "in-a-pipeline",
            "whole-datasets",
            "big-series",
            "dask",
            "object-stores",
            "media",
            "pacs",
            "dicomweb",
            "answer-an-archive",
        ),
        "Coming from": (
            "coming-from-simpleitk",
            "coming-from-highdicom",
            "coming-from-pydicom",
            "coming-from-dcm2niix",
        ),
    },
    "explanation": {"": ("coordinates", "values", "the-plan", "readers", "evidence")},
    "reference": {
        "": (
            "api",
            "command-line",
            "options",
            "kinds",
            "derive",
            "checks",
            "transfer-syntaxes",
            "transfer-syntaxes-read",
            "foreign-series",
        )
    },
}
"""Folder -> title of a group (none: at the top) -> names of its pages."""
DOCTEST = re.compile(r"```python\n(?=\s*>>> )")
LINK = re.compile(r"\]\(([^)#\s:]+)(#[^)\s]*)?\)")


def on_config(config: Any) -> Any:
    """Set the navigation from the folders."""
    sections: list[dict[str, Any]] = [
        {title: grouped(folder)} for title, folder in SECTIONS.items()
    ]
    project = {
        "Project": ["changelog.md", "security.md", "contributing.md", *sections.pop()["Decisions"]]
    }
    config.nav = [{"Home": "index.md"}, *sections, project]
    return config


def pages(folder: str) -> list[str]:
    """Return the pages of a folder, as mkdocs names them."""
    return sorted(path.relative_to(DOCS).as_posix() for path in (DOCS / folder).glob("*.md"))


def grouped(folder: str) -> list[Any]:
    """Return the navigation of a folder: groups of pages, then the other pages.

    Examples
    --------
    >>> grouped("explanation")[0]
    'explanation/coordinates.md'
    >>> grouped("how-to")[0]["Results of a series"][0]
    'how-to/derive.md'
    """
    navigation: list[Any] = []
    rest = pages(folder)
    for title, names in GROUPS.get(folder, {}).items():
        group = [f"{folder}/{name}.md" for name in names]
        rest = [page for page in rest if page not in group]
        navigation += [{title: group}] if title else group
    return navigation + rest


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of the repository's root folder."""
    for name, page in AT_THE_ROOT.items():
        files.append(
            File.generated(config, page, content=moved((ROOT / name).read_text(encoding="utf-8")))
        )
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    r"""Highlight doctests as such, so that their prompts and output are not copied.

    Examples
    --------
    >>> print(on_page_markdown("```python\n>>> 1 + 1\n2\n```").splitlines()[0])
    ```pycon
    """
    return DOCTEST.sub("```pycon\n", markdown)


def moved(text: str) -> str:
    """Return a root page with links for the site.

    Examples
    --------
    >>> moved("[a](docs/how-to/derive.md#one), [b](CONTRIBUTING.md)")
    '[a](how-to/derive.md#one), [b](contributing.md)'
    >>> moved("[c](docs/decisions)")
    '[c](decisions/0001-packages-import-downwards.md)'
    """
    return LINK.sub(lambda match: f"]({place(match[1])}{match[2] or ''})", text)


def place(link: str) -> str:
    """Return the site address of a file of the repository."""
    if (ROOT / link).is_dir():
        return pages(Path(link).name)[0]
    if link == "README.md":
        return "index.md"
    return AT_THE_ROOT.get(link, link.removeprefix("docs/"))
