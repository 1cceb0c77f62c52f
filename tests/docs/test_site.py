"""The documentation site builds without warnings, has every page and fetches nothing."""

from __future__ import annotations

import html.parser
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mkdocs")

import dicomseries
from dicomseries.options import options_of

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

FETCHING = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "link": "href",
    "source": "src",
    "use": "href",
}
NEVER_FETCHED = {"canonical", "prev", "next"}


def build(out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out), *more],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=200,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    result = build(out)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "WARNING" not in result.stdout + result.stderr
    return out


class Fetched(html.parser.HTMLParser):
    """Collect the addresses that a browser fetches by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in FETCHING and given.get("rel") not in NEVER_FETCHED:
            self.addresses.append(given.get(FETCHING[tag]) or "")


def fetched(page: Path) -> list[str]:
    reader = Fetched()
    reader.feed(page.read_text(encoding="utf-8"))
    return reader.addresses


def test_every_page_is_on_the_site_and_in_its_navigation(site):
    pages = [path.relative_to(DOCS).with_suffix(".html").as_posix() for path in DOCS.rglob("*.md")]
    home = (site / "index.html").read_text(encoding="utf-8")
    navigation = home.partition('data-md-level="0"')[2]
    for page in [*pages, "changelog.html", "contributing.html"]:
        assert (site / page).is_file()
        assert f'href="{page}"' in navigation


def test_a_page_fetches_nothing_from_elsewhere(site):
    assert [
        (page.name, address)
        for page in site.rglob("*.html")
        for address in fetched(page)
        if re.match(r"(https?:)?//", address)
    ] == []
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import )[\"']?https?:", styles) == []


def test_the_reference_shows_every_public_name_with_its_docstring(site):
    page = (site / "reference" / "api.html").read_text(encoding="utf-8")
    for name in dicomseries.__all__:
        value = getattr(dicomseries, name)
        assert f'id="{value.__module__}.{value.__qualname__}"' in page
    assert dicomseries.write.__doc__.partition("\n")[0] in page


class Cells(html.parser.HTMLParser):
    """Collect the tables of a page as rows of texts."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag, attrs):  # noqa: ARG002
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_data(self, data):
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def test_the_reference_shows_every_option_of_write_with_its_default(site):
    page = (site / "reference" / "api.html").read_text(encoding="utf-8")
    begin = page.index('id="dicomseries.api.write.write"')
    reader = Cells()
    reader.feed(page[begin : page.index('id="dicomseries.api.plan.plan"')])
    shown = {row[0].strip(): row[-1].split()[0] for row in reader.rows if len(row) == 4}
    expected = {name: repr(option.default) for name, option in options_of("write").items()}
    assert {name: shown[name] for name in expected} == expected


def test_the_navigation_has_a_group_for_every_page_of_the_guide():
    tool = runpy.run_path(str(ROOT / "tools" / "documentation_site.py"))
    for folder in ("how-to", "explanation", "reference"):
        grouped = {name for names in tool["GROUPS"][folder].values() for name in names}
        assert grouped == {path.stem for path in (DOCS / folder).glob("*.md")}


@pytest.mark.parametrize(
    "fault",
    [
        "[nowhere](nowhere.md)",
        "[no such place](values.md#no-such-place)",
        "::: dicomseries.nothing",
    ],
)
def test_a_fault_stops_the_build(fault, tmp_path):
    docs = tmp_path / "docs"
    (docs / "explanation").mkdir(parents=True)
    (docs / "explanation" / "values.md").write_text("# Values\n", encoding="utf-8")
    (docs / "explanation" / "wrong.md").write_text(f"# Wrong\n\n{fault}\n", encoding="utf-8")
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    hooks = "hooks:\n  - tools/documentation_site.py\n"
    assert hooks in settings
    settings = settings.replace(hooks, "").replace("paths: [src]", f"paths: [{ROOT / 'src'}]")
    settings = settings.replace("[tools/api_signatures.py]", "[]")
    (tmp_path / "mkdocs.yml").write_text(settings, encoding="utf-8")
    result = build(tmp_path / "site", "--config-file", str(tmp_path / "mkdocs.yml"))
    assert result.returncode != 0
