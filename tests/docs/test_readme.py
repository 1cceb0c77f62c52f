"""README.md is read aloud in two minutes, and its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

from docs.test_code_blocks import ROOT, blocks

WORDS_IN_TWO_MINUTES = 320
PHONE_COLUMNS = 40
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = (ROOT / "README.md", ROOT / "docs" / "explanation" / "evidence.md")


def prose(text: str) -> str:
    """Return what is read aloud: neither code blocks, tables, pictures nor addresses."""
    text = re.sub(r"<!--.*?-->|```.*?```", "", text, flags=re.DOTALL)
    text = "\n".join(line for line in text.splitlines() if not line.startswith("|"))
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)


def test_the_readme_is_read_aloud_in_two_minutes():
    assert 150 < len(re.findall(r"\w\S*", prose(TEXT))) <= WORDS_IN_TWO_MINUTES


def test_a_drawing_of_characters_fits_a_phone():
    drawings = [block for block in blocks(ROOT / "README.md") if block.language == "text"]
    assert [
        line
        for drawing in drawings
        for line in drawing.code.splitlines()
        if len(line) > PHONE_COLUMNS
    ] == []


def test_the_example_for_a_result_of_a_series_takes_six_lines():
    (example,) = (block for block in blocks(ROOT / "README.md") if block.language == "python")
    assert "like=ct" in example.code
    assert len([line for line in example.code.splitlines() if line.strip()]) == 6


def test_every_test_named_as_proof_exists():
    for page in PAGES:
        named = re.findall(r"`pytest ([^`]+)`", page.read_text(encoding="utf-8"))
        paths = [path for command in named for path in command.split() if path != "…"]
        assert paths
        assert [path for path in paths if not (ROOT / path).exists()] == []
    targets = re.findall(r"`make (\w+)`", TEXT)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {"demo", "test", "bench"} <= set(targets)
    assert [target for target in targets if f"\n{target}:" not in makefile] == []


def test_every_page_named_in_the_readme_exists():
    links = re.findall(r"\]\(([^)#\s:]+)", TEXT)
    assert links
    assert [link for link in links if not Path(ROOT, link).exists()] == []
