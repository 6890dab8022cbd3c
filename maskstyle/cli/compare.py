"""``maskstyle compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from maskstyle.cli.console import messages, tables
from maskstyle.cli.options import ContentArgument, QuietOption, WeightsOption, changed
from maskstyle.errors import NumericalError, SettingsError, WeightsError
from maskstyle.recipes import find_recipe
from maskstyle.settings import CHOICES, Settings

if TYPE_CHECKING:
    from maskstyle.cli.interrupt import Interrupt
    from maskstyle.cli.render import Files
    from maskstyle.images.pixels import Image, Size
    from maskstyle.networks.load import NetworkChoice
    from maskstyle.synthesis.result import Result
    from maskstyle.synthesis.scales import Step


def compare(
    content: ContentArgument,
    style: Annotated[Path, typer.Argument(help="The painting.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The sheet to write.", show_default=False)],
    recipes: Annotated[str, typer.Option("--recipes", help="Recipes to render, as NAME,...")] = "default",
    networks: Annotated[
        str | None, typer.Option("--networks", help="Networks to render each with, as NAME,...; the recipe's own.")
    ] = None,
    size: Annotated[int | None, typer.Option("--size", help="Longer side of each picture in pixels.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", help="Steps at each size; the recipe's own.")] = None,
    weights: WeightsOption = None,
    record: Annotated[Path | None, typer.Option("--json", help="Write a record of all runs.")] = None,
    quiet: QuietOption = False,
) -> None:
    """Render one pair under several recipes or networks, into one labeled sheet with losses and times."""
    from maskstyle.cli.exit_codes import EXIT_INTERRUPTED
    from maskstyle.cli.interrupt import interruptible
    from maskstyle.cli.render import Files, announce, chosen_network
    from maskstyle.images.io import load_image
    from maskstyle.networks.tensorflow_import import import_tensorflow
    from maskstyle.techniques.plan import transfer_sizes

    files = Files(output, record)
    files.check([content, style, *([weights] if weights is not None else [])])
    pictures = {"content": load_image(content).pixels, "style": load_image(style).pixels}
    changes = {name: value for name, value in (("size", size), ("steps", steps)) if value is not None}
    variants = _variants(recipes, networks, changes)
    left_out: dict[str, str] = {}
    choices, sizes = {}, {}
    for name, settings in list(variants.items()):
        try:
            choices[name] = chosen_network(settings, weights)
        except WeightsError as error:
            if networks is not None or weights is not None or len(variants) == 1:  # it was asked for, or is the last
                raise
            left_out[name] = str(error).partition(";")[0]
            del variants[name]
            continue
        sizes[name] = transfer_sizes(pictures["content"].shape[:2], settings, styles=[pictures["style"].shape[:2]])

    results: dict[str, Result] = {}
    failure = None
    with interruptible() as interrupt:
        for name, why in left_out.items():
            announce(f"left out, as {why}; --networks lite renders it with lite", quiet=quiet, name=name)
        import_tensorflow()
        for name, settings in variants.items():
            announce(choices[name].reason, quiet=quiet, name=name)
            try:
                results[name] = _run(pictures, settings, sizes[name], choices[name], interrupt, quiet=quiet)
            except NumericalError as error:
                failure = NumericalError(f"{name}: {error}")
            if failure is not None or interrupt.asked():
                break
        if results:
            _write(files, pictures, results)
    if results and not quiet:
        tables().print(_table(results))
        messages().print(f"wrote {escape(str(output))}: {len(results)} of {len(variants) + len(left_out)} pictures")
    if failure is not None:
        raise failure
    if interrupt.asked():
        messages().print(f"interrupted; the pictures so far are in {escape(str(output))}")
        raise typer.Exit(EXIT_INTERRUPTED)


def _variants(recipes: str, networks: str | None, changes: dict[str, int]) -> dict[str, Settings]:
    """Return the settings of every pairing by its label."""
    variants = {}
    for recipe in _names(recipes, "--recipes"):
        settings = changed(find_recipe(recipe).settings, changes)
        if networks is None:
            variants[recipe] = settings
            continue
        for network in _names(networks, "--networks"):
            if network not in CHOICES["network"]:
                expected = ", ".join(CHOICES["network"])
                raise SettingsError(f"--networks names {network!r}; expected some of {expected}")
            variants[f"{recipe}, {network}"] = settings.changed(network=network)
    return variants


def _names(text: str, flag: str) -> list[str]:
    names = [part.strip() for part in text.split(",")]
    if not all(names):
        raise SettingsError(f"{flag} is {text!r}; expected NAME,...")
    return names


def _run(
    pictures: dict[str, Image],
    settings: Settings,
    sizes: list[Size],
    choice: NetworkChoice,
    interrupt: Interrupt,
    *,
    quiet: bool,
) -> Result:
    from maskstyle.cli.progress import StepBar
    from maskstyle.techniques.basic import transfer_basic

    with StepBar(sizes, settings, console=interrupt.console, quiet=quiet) as bar:

        def on_step(step: Step) -> None:
            interrupt.began = True
            bar.update(step)

        result = transfer_basic(
            pictures["content"],
            pictures["style"],
            settings=settings,
            network=choice,
            on_step=on_step,
            should_stop=interrupt.asked,
        )
        if result.stopped_because != "interrupted":
            bar.finish()
        return result


def _write(files: Files, pictures: dict[str, Image], results: dict[str, Result]) -> None:
    from maskstyle.cli.render import write_json
    from maskstyle.images.contact_sheet import Panel, make_sheet
    from maskstyle.images.io import save_image

    panels = [Panel(image, (name,)) for name, image in pictures.items()]
    for name, result in results.items():
        losses = ", ".join(f"{term} {value:.3g}" for term, value in result.losses.items())
        steps = sum(scale.evaluations for scale in result.scales)
        time = f"{steps} steps in {result.seconds:.0f} s, {result.compute_type}"
        if result.stopped_because == "interrupted":
            time += ", interrupted"
        panels.append(Panel(result.image, (f"{name} ({result.network})", losses, time)))
    save_image(files.output, make_sheet(panels), metadata={name: each.metadata() for name, each in results.items()})
    if files.record is not None:
        write_json(files.record, {name: result.record() for name, result in results.items()})


def _table(results: dict[str, Result]) -> Table:
    table = Table("variant", "network", "final loss", "terms", "steps", "seconds", box=None, pad_edge=False)
    for name, result in results.items():
        terms = ", ".join(f"{term} {value:.3g}" for term, value in result.losses.items())
        steps = str(sum(scale.evaluations for scale in result.scales))
        total = f"{sum(result.losses.values()):.3g}"
        table.add_row(escape(name), result.network, total, terms, steps, f"{result.seconds:.1f}")
    return table
