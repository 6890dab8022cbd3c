"""The faults listed in docs/reference/reliability.md have tests; one module writes files, and one opens them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import maskstyle

TESTS = Path(__file__).parent
PACKAGE = Path(maskstyle.__file__).parent
TABLE = TESTS.parent / "docs" / "reference" / "reliability.md"
ROW = re.compile(r"^\| (?P<fault>.+?) \| (?P<happens>.+?) \| `(?P<file>[\w/.]+)::(?P<name>\w+)(?:\[.*\])?` \|$", re.M)

ALLOWED = {
    "images/paths.py": "opens files to read, and pipes to write",
    "images/writing.py": "writes, replaces and deletes files",
    "cli/console.py": "reopens closed standard streams",
    "networks/tensorflow_import.py": "mutes standard error",
    "synthesis/checkpoint_file.py": "writes members of an archive that is open",
    "networks/speed.py": "reads what Linux says about the processor, and its own cache",
    "synthesis/memory.py": "reads what Linux says about memory",
    "batch/remote.py": "takes files to workers, which keep them in temporary folders of their own",
    "studio/": "keeps files with names of its own in the folder of the project",
}
"""The modules and rooms that touch files themselves, and why."""

TOUCHING = re.compile(
    r"(?<!\.)open|os\.(?:open|remove|unlink|rename|replace|mkdir|makedirs|rmdir)|shutil\.\w+"
    r"|.*\.(?:write_text|write_bytes|read_text|read_bytes|unlink|rename|mkdir|rmdir|touch|symlink_to|hardlink_to)"
)


def rows() -> list[tuple[str, str, str]]:
    found = ROW.finditer(TABLE.read_text(encoding="utf-8"))
    return [(each["fault"], each["file"], each["name"]) for each in found]


def test_there_are_at_least_60_faults_and_none_twice() -> None:
    faults = [fault for fault, _, _ in rows()]
    assert len(faults) >= 60
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    groups = [line for line in lines if line.startswith("| **")]
    assert len(faults) == sum(line.startswith("| ") for line in lines) - len(groups) - 2  # the head of the table


@pytest.mark.parametrize("file", sorted({file for _, file, _ in rows()}))
def test_the_tests_of_the_faults_exist(file: str) -> None:
    text = (TESTS / file).read_text(encoding="utf-8")
    for name in {name for _, of, name in rows() if of == file}:
        assert f"\ndef {name}(" in text, name


def test_only_a_few_modules_touch_files() -> None:
    touching = {}
    for module in PACKAGE.rglob("*.py"):
        calls = [
            each for each in ast.walk(ast.parse(module.read_text(encoding="utf-8"))) if isinstance(each, ast.Call)
        ]
        names = [ast.unparse(each.func) for each in calls]
        found = [name for name in names if TOUCHING.fullmatch(name)]
        if found and not module.relative_to(PACKAGE).as_posix().startswith(tuple(ALLOWED)):
            touching[module.name] = found
    assert not touching
