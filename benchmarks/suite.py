"""Measures everything that the docs claim of time and memory, and writes one JSON file, one Markdown page and plots.

    python benchmarks/suite.py --weights vgg19.npz --plots docs/images

runs all parts, which takes about 25 minutes on two cores with nothing else to do; --quick is a smoke run. What fails
or lacks weights is a line in the page, and the rest goes on. --docs runs nothing: it writes the page and fills the
docs' marked tables from the JSON of the last run.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from machine import describe_machine
from page import docs_pages, docs_tables, filled, make_page
from parts import PARTS
from parts.part import Part
from plots import draw_plots, plots_beside
from workers import run_group, serve

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "benchmarks.md"


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    given = parser().parse_args(arguments)
    if given.worker:
        serve(PARTS[given.worker], given.weights)
    elif given.docs:
        results = read_results(given.json or RESULTS)
        write_page(results, given.markdown or PAGE, given.plots)
        fill_docs(results)
    else:
        check(given)
        run(given)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    result = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--weights", type=Path, help="VGG19 weights, .h5 or .npz, blocks 1 to 3 or more")
    result.add_argument("--only", type=lambda text: text.split(","), help=f"parts to run, of {','.join(PARTS)}")
    result.add_argument("--quick", action="store_true", help="tiny pictures, one evaluation: see that all works")
    result.add_argument("--json", type=Path, help="figures (default: benchmarks/results.json; with --quick none)")
    result.add_argument("--markdown", type=Path, help="page (default: docs/benchmarks.md; with --quick printed)")
    result.add_argument("--plots", type=Path, help="folder for plots as PNG; needs matplotlib (extra bench)")
    result.add_argument("--docs", action="store_true", help="run nothing; fill the docs' tables from the JSON")
    result.add_argument("--worker", help=argparse.SUPPRESS)
    return result


def check(given: argparse.Namespace) -> None:
    """End with a message where the options cannot work."""
    unknown = [name for name in given.only or () if name not in PARTS]
    if unknown:
        raise SystemExit(f"there is no part {', '.join(unknown)}; the parts are {', '.join(PARTS)}")
    if given.weights is not None and not given.weights.is_file():
        raise SystemExit(f"there is no file {given.weights}")
    if given.plots is not None and importlib.util.find_spec("matplotlib") is None:
        raise SystemExit('plots need matplotlib; run pip install "maskstyle[bench]" or leave out --plots')


def run(given: argparse.Namespace) -> None:
    """Run the parts, writing the JSON after each."""
    file = given.json or (None if given.quick else RESULTS)
    results = begin_results(file, given.quick, keep=given.only is not None)
    for name in given.only or PARTS:
        results["parts"][name] = run_part(PARTS[name], given.quick, given.weights)
        if file is not None:
            file.write_text(as_json(results), encoding="utf-8")
    write_page(results, given.markdown or (None if given.quick else PAGE), given.plots)
    print(f"all: {sum(part['seconds'] for part in results['parts'].values()):.0f} s", file=sys.stderr)


def begin_results(file: Path | None, quick: bool, *, keep: bool) -> dict[str, Any]:
    """Return results without parts, or with those of an earlier run that only some are measured again of."""
    empty: dict[str, Any] = {"machine": describe_machine(), "quick": quick, "parts": {}}
    if not keep or file is None or not file.is_file():
        return empty
    earlier = read_results(file)
    if {**earlier, "parts": {}} != empty:
        raise SystemExit(
            f"{file} is of another machine, other versions or another kind of run; run all parts, or give "
            "another --json"
        )
    return earlier


def run_part(part: Part, quick: bool, weights: Path | None) -> dict[str, Any]:
    """Return a part's figures, what was not measured, and how long it took."""
    print(f"{part.name} ...", end=" ", file=sys.stderr, flush=True)
    began = time.perf_counter()
    figures, failures = [], []
    for group in part.groups(quick):
        found, failed = run_group(part, group, weights)
        figures += found
        failures += failed
    seconds = round(time.perf_counter() - began, 1)
    unmeasured = f", {len(failures)} not measured" if failures else ""
    print(f"{seconds:.0f} s, {len(figures)} cases{unmeasured}", file=sys.stderr, flush=True)
    return {"seconds": seconds, "figures": figures, "failures": failures}


def as_json(results: dict[str, Any]) -> str:
    """Return JSON with a line for each case."""
    parts = []
    for name, part in results["parts"].items():
        lists = [
            f"   {json.dumps(key)}: [" + ",".join(f"\n    {json.dumps(each)}" for each in part[key]) + "]"
            for key in ("figures", "failures")
        ]
        parts.append(f'  {json.dumps(name)}: {{\n   "seconds": {part["seconds"]},\n' + ",\n".join(lists) + "}")
    head = f' "machine": {json.dumps(results["machine"])},\n "quick": {json.dumps(results["quick"])},\n'
    return "{\n" + head + ' "parts": {\n' + ",\n".join(parts) + "}\n}\n"


def read_results(file: Path) -> dict[str, Any]:
    """Return the results in a file."""
    if not file.is_file():
        raise SystemExit(f"there is no {file}; run the suite first")
    results: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return results


def write_page(results: dict[str, Any], page: Path | None, plots: Path | None) -> None:
    """Write the page, or print it, with links to its plots; these are drawn where a folder is given."""
    if plots is not None:
        draw_plots(results, plots)
    folder = page.parent if page is not None else Path()
    found = plots_beside(plots or ROOT / "docs" / "images") if plots is not None or page == PAGE else {}
    images = {name: Path(os.path.relpath(path, folder)).as_posix() for name, path in found.items()}
    text = make_page(results, images)
    if page is None:
        print(text)
    else:
        page.write_text(text, encoding="utf-8")


def fill_docs(results: dict[str, Any]) -> None:
    """Replace the marked tables of the docs by those of the results; others stay as they are."""
    if results["quick"]:
        raise SystemExit("these are the figures of a smoke run, which the docs do not want")
    tables = docs_tables(results)
    for page in docs_pages(ROOT):
        text = page.read_text(encoding="utf-8")
        new = filled(text, tables)
        if new != text:
            page.write_text(new, encoding="utf-8")
            print(f"filled {page.relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
