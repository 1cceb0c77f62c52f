"""Hooks of mkdocs: page order, and root pages.

README.md, CHANGELOG.md and CONTRIBUTING.md are pages of the site too, and every page below docs/ is
in the navigation without being listed: a section is a folder, its pages are in the order of their
names.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

AT_THE_ROOT = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
SECTIONS = {
    "Tutorial": "tutorial",
    "How to": "how-to",
    "Explanation": "explanation",
    "Reference": "reference",
    "Decisions": "decisions",
}
LINK = re.compile(r"\]\(([^)#\s:]+)(#[^)\s]*)?\)")


def on_config(config: Any) -> Any:
    """Set the navigation from the folders."""
    sections = [{title: pages(folder)} for title, folder in SECTIONS.items()]
    project = {"Project": ["changelog.md", "contributing.md", *sections.pop()["Decisions"]]}
    config.nav = [{"Home": "index.md"}, *sections, project]
    return config


def pages(folder: str) -> list[str]:
    """Return the pages of a folder, as mkdocs names them."""
    return sorted(path.relative_to(DOCS).as_posix() for path in (DOCS / folder).glob("*.md"))


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of the repository's root folder."""
    for name, page in AT_THE_ROOT.items():
        files.append(
            File.generated(config, page, content=moved((ROOT / name).read_text(encoding="utf-8")))
        )
    return files


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
    return AT_THE_ROOT.get(link, link.removeprefix("docs/"))
