"""The pages use the words of the glossary, and none that there are better ones for; codespell checks the spelling."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WRITTEN = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted(page for part in ("tutorials", "how-to") for page in (ROOT / "docs" / part).glob("*.md")),
    *(ROOT / "docs" / "reference" / f"{name}.md" for name in ("exit-codes", "file-formats", "glossary")),
]

AVOIDED = {
    r"whose": "say it in a sentence of its own",
    r"what goes with what": "which region matches which",
    r"has a say in": "affects",
    r"simply|just|easily|obviously|of course": "leave it out",
    r"in order to": "to",
    r"utili[sz]e": "use",
    r"e\.g\.|i\.e\.|etc\.": "for example, that is, and so on",
    r"please": "leave it out",
    r"soft mask pair|gradient mask": "mask",
    r"style intensity": "strength",
}
"""What pages for people do not say, and what to write instead."""


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_words(page: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`\n]*`|\]\([^)]*\)", " ", page.read_text(encoding="utf-8"), flags=re.S)
    found = [
        f"{match[0]!r}: {better}"
        for avoided, better in AVOIDED.items()
        for match in re.finditer(rf"\b(?:{avoided})", prose, re.I)
    ]
    assert not found
