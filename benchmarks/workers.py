"""Runs each case in a process of its own, for its peak of memory; the cases of a group take turns.

The process that starts them stays small: on Linux a process begins with the peak of the one that started it.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from machine import free_memory, usable_cores
from parts.part import Case, Group, Part

SUITE = Path(__file__).with_name("suite.py")
NO_WEIGHTS = "VGG19's weights are needed (`--weights`)"
MEMORY_LEFT = 0.05
"""Share of the free memory that a process leaves alone: it fails itself before the system ends others."""


class CaseFailedError(Exception):
    """A case could not be measured."""


class Worker:
    """A process that makes ready for one case and evaluates it when it is told to."""

    def __init__(self, part: Part, case: Case, weights: Path | None) -> None:
        command = [sys.executable, str(SUITE), "--worker", part.name]
        command += ["--weights", str(weights)] if weights else []
        self.case = case
        self.rounds: list[float] = []
        self.figures: dict[str, Any] = {}
        self.failure: str | None = None
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def ask(self, what: object) -> dict[str, Any]:
        """Send a line and return the answer."""
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(what) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise CaseFailedError(f"the process ended with {process.wait()}; it may have been short of memory")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise CaseFailedError(answer["error"])
        return answer

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.communicate()


def run_group(part: Part, group: Group, weights: Path | None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the figures of a group's cases, and the cases that were not measured with the reason."""
    reasons = [_reason_against(part, case, weights) for case in group.cases]
    skipped = [{**case, "reason": reason} for case, reason in zip(group.cases, reasons, strict=True) if reason]
    workers: list[Worker] = []
    try:
        for case, reason in zip(group.cases, reasons, strict=True):
            if reason is None:
                workers.append(Worker(part, case, weights))  # all begin with their imports at once
        at_once = usable_cores() if group.together else 1
        _each(workers, lambda worker: worker.figures.update(worker.ask(worker.case)), at_once)
        for _ in range(group.warm_ups):
            _each(workers, lambda worker: worker.ask("run"), at_once)
        for _ in range(group.rounds):
            _each(workers, lambda worker: worker.rounds.append(worker.ask("run")["seconds"]))
        if group.rounds:
            _each(workers, lambda worker: worker.figures.update(worker.ask("end"), rounds=worker.rounds))
    finally:
        for worker in workers:
            worker.stop()
    failed = [{**worker.case, "reason": worker.failure} for worker in workers if worker.failure]
    return [rounded({**each.case, **each.figures}) for each in workers if not each.failure], skipped + failed


def _reason_against(part: Part, case: Case, weights: Path | None) -> str | None:
    return part.needs(case) or (NO_WEIGHTS if case.get("network") == "vgg19" and weights is None else None)


def _each(workers: Sequence[Worker], do: Callable[[Worker], object], at_once: int = 1) -> None:
    """Do something with each process, one after the other or some at once; one that fails takes no further part."""

    def try_with(worker: Worker) -> None:
        if worker.failure is None:
            try:
                do(worker)
            except CaseFailedError as error:
                worker.failure = str(error)

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(try_with, workers))


def rounded(value: Any) -> Any:
    """Return figures with four significant digits."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    return [rounded(each) for each in value] if isinstance(value, list | tuple) else value


def serve(part: Part, weights: Path | None) -> None:
    """Be the process of one case: answer the lines on standard input."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what others print stays out of the answers

    def answer(what: dict[str, Any]) -> None:
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    try:
        for name in part.imports:
            importlib.import_module(name)
        case = json.loads(sys.stdin.readline())
        _limit_memory()
        prepared = part.prepare(case, weights)
        answer({} if callable(prepared) else prepared)
        for line in sys.stdin:
            if json.loads(line) == "end" or not callable(prepared):
                answer({"peak_memory_mb": peak_memory()})
            else:
                answer({"seconds": prepared()})
    except Exception as error:  # whatever went wrong is a line in the tables
        answer({"error": f"{type(error).__name__}: {without_folders(str(error))}"})


def _limit_memory() -> None:
    """Let this process fail, and not another be ended, where memory does not suffice."""
    if sys.platform == "linux":
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        limit = used + int((1 - MEMORY_LEFT) * free_memory())
        resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.RLIM_INFINITY))


def peak_memory() -> float | None:
    """Return the peak memory of this process in MiB."""
    try:
        from maskstyle.synthesis.result import peak_memory_mb
    except ImportError:
        return None
    return peak_memory_mb()


def without_folders(message: str) -> str:
    """Return the first line of a message, with files named without their folders."""
    return re.sub(r"(?<![\w.])/(?:[^\s/'\":,;]+/)*", "", message.strip().partition("\n")[0])
