"""``maskstyle compare``: one pair of images with several recipes or networks, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from maskstyle.cli.console import announce, messages, tables
from maskstyle.cli.options import QuietOption, WeightsOption, changed
from maskstyle.errors import NumericalError, SettingsError, WeightsError
from maskstyle.recipes import find_recipe
from maskstyle.settings import CHOICES, Settings

if TYPE_CHECKING:
    from rich.table import Table

    from maskstyle.cli.console import Interrupt
    from maskstyle.cli.outputs import Files
    from maskstyle.images.pixels import Image, Size
    from maskstyle.networks.load import NetworkChoice
    from maskstyle.synthesis.result import Result
    from maskstyle.synthesis.scales import Step


class Variant(NamedTuple):
    """One of the results to compare: its settings, its network and the sizes it goes through."""

    settings: Settings
    choice: NetworkChoice
    sizes: list[Size]


def compare(
    content: Annotated[Path, typer.Argument(help="Content image.", show_default=False, metavar="CONTENT")],
    style: Annotated[Path, typer.Argument(help="Style image.", show_default=False, metavar="STYLE")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Contact sheet to write.", show_default=False)],
    recipes: Annotated[str, typer.Option("--recipes", help="Recipes to compare, as NAME,...")] = "default",
    networks: Annotated[
        str | None,
        typer.Option("--networks", help="Networks for each recipe, as NAME,...  (default: the recipe's)"),
    ] = None,
    size: Annotated[int | None, typer.Option("--size", help="Longer side of each result in pixels.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", help="Steps per size.  (default: the recipe's)")] = None,
    weights: WeightsOption = None,
    record: Annotated[Path | None, typer.Option("--json", help="Write a JSON record of all runs.")] = None,
    quiet: QuietOption = False,
) -> None:
    """Render one pair of images with several recipes or networks."""
    from maskstyle.cli.app import EXIT_INTERRUPTED
    from maskstyle.cli.console import interruptible
    from maskstyle.cli.outputs import Files
    from maskstyle.images.io import load_image
    from maskstyle.networks.load import resolve_compute_type
    from maskstyle.networks.tensorflow_import import import_tensorflow

    files = Files(output, record)
    files.check([content, style, *([weights] if weights is not None else [])])
    images = {"content": load_image(content).pixels, "style": load_image(style).pixels}
    changes = {name: value for name, value in (("size", size), ("steps", steps)) if value is not None}
    combinations = _combinations(recipes, networks, changes)
    variants, skipped = _variants(combinations, images, weights, may_skip=networks is None and weights is None)

    results: dict[str, Result] = {}
    failure = None
    with interruptible() as interrupt:
        for name, why in skipped.items():
            announce(f"skipped: {why}; pass --networks lite to render it with lite", quiet=quiet, name=name)
        import_tensorflow()
        for name, variant in variants.items():
            variant = variant._replace(choice=resolve_compute_type(variant.choice))
            announce(str(variant.choice), quiet=quiet, name=name)
            for note in variant.choice.notes:
                announce(note, quiet=quiet, name="note")
            try:
                results[name] = _render(images, variant, interrupt, quiet=quiet)
            except NumericalError as error:
                failure = NumericalError(f"{name}: {error}")
            if failure is not None or interrupt.asked():
                break
        if results:
            _write(files, images, results)
    if results and not quiet:
        tables().print(_table(results))
        messages().print(f"wrote {output}: {len(results)} of {len(combinations)} results", markup=False)
    if failure is not None:
        raise failure
    if interrupt.asked():
        messages().print(f"interrupted; the results so far are in {output}", markup=False)
        raise typer.Exit(EXIT_INTERRUPTED)


def _combinations(recipes: str, networks: str | None, changes: dict[str, int]) -> dict[str, Settings]:
    """Return the settings of every recipe, or of every recipe with every network, by label."""
    combinations = {}
    for recipe in _names(recipes, "--recipes"):
        settings = changed(find_recipe(recipe).settings, changes)
        if networks is None:
            combinations[recipe] = settings
            continue
        for network in _names(networks, "--networks"):
            if network not in CHOICES["network"]:
                expected = ", ".join(CHOICES["network"])
                raise SettingsError(f"--networks names {network!r}; expected networks from: {expected}")
            combinations[f"{recipe}, {network}"] = settings.changed(network=network)
    return combinations


def _names(text: str, flag: str) -> list[str]:
    names = [part.strip() for part in text.split(",")]
    if not all(names):
        raise SettingsError(f"{flag} is {text!r}; expected NAME,...")
    return names


def _variants(
    combinations: dict[str, Settings], images: dict[str, Image], weights: Path | None, *, may_skip: bool
) -> tuple[dict[str, Variant], dict[str, str]]:
    """Return the variants that can run, and the reason for skipping each of the others: missing weights.

    Raises
    ------
    WeightsError
        If none can run, or one cannot and `may_skip` is False.
    """
    from maskstyle.cli.session import chosen_network
    from maskstyle.synthesis.schedule import transfer_sizes

    variants: dict[str, Variant] = {}
    skipped: dict[str, str] = {}
    for name, settings in combinations.items():
        try:
            choice = chosen_network(settings, weights)
        except WeightsError as error:
            if not may_skip or len(skipped) == len(combinations) - 1:
                raise
            skipped[name] = str(error).partition(";")[0]
            continue
        sizes = transfer_sizes(images["content"].shape[:2], settings, styles=[images["style"].shape[:2]])
        variants[name] = Variant(settings, choice, sizes)
    return variants, skipped


def _render(images: dict[str, Image], variant: Variant, interrupt: Interrupt, *, quiet: bool) -> Result:
    from maskstyle.cli.progress import StepBar
    from maskstyle.synthesis.paint import Run
    from maskstyle.techniques.basic import transfer_basic

    with StepBar(variant.sizes, variant.settings, console=interrupt.console, quiet=quiet) as bar:

        def on_step(step: Step) -> None:
            interrupt.began = True
            bar.update(step)

        result = transfer_basic(
            images["content"],
            images["style"],
            settings=variant.settings,
            run=Run(network=variant.choice, on_step=on_step, should_stop=interrupt.asked),
        )
        if result.stopped_because != "interrupted":
            bar.finish()
        return result


def _write(files: Files, images: dict[str, Image], results: dict[str, Result]) -> None:
    """Write the contact sheet and, if requested, the record."""
    from maskstyle.cli.outputs import write_json
    from maskstyle.images.contact_sheet import Panel, make_sheet
    from maskstyle.images.io import save_image

    panels = [Panel(image, (name,)) for name, image in images.items()]
    for name, result in results.items():
        time = f"{_steps(result)} steps in {result.seconds:.0f} s, {result.compute_type}"
        if result.stopped_because == "interrupted":
            time += ", interrupted"
        panels.append(Panel(result.image, (f"{name} ({result.network})", _losses(result), time)))
    save_image(files.output, make_sheet(panels), metadata={name: each.metadata() for name, each in results.items()})
    if files.record is not None:
        write_json(files.record, {name: result.record() for name, result in results.items()})


def _table(results: dict[str, Result]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table("variant", "network", "final loss", "terms", "steps", "seconds", box=None, pad_edge=False)
    for name, result in results.items():
        total = f"{sum(result.losses.values()):.3g}"
        cells = (result.network, total, _losses(result), str(_steps(result)), f"{result.seconds:.1f}")
        table.add_row(escape(name), *cells)
    return table


def _losses(result: Result) -> str:
    return ", ".join(f"{term} {value:.3g}" for term, value in result.losses.items())


def _steps(result: Result) -> int:
    return sum(scale.evaluations for scale in result.scales)
