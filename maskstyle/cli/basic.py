"""``maskstyle basic``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from maskstyle.cli.options import parse_style, takes_settings
from maskstyle.settings import Settings


@takes_settings
def basic(
    content: Annotated[Path, typer.Argument(help="The picture to paint.", show_default=False)],
    style: Annotated[str, typer.Argument(help="The painting, as FILE[:WEIGHT].", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture to write.", show_default=False)],
    settings: Settings,
    initial: Path | None,
    more_styles: Annotated[
        list[str] | None, typer.Option("--style", help="A further painting to blend in, as FILE[:WEIGHT].")
    ] = None,
    weights: Annotated[Path | None, typer.Option("--weights", help="The network's weights: .h5 or .npz.")] = None,
    record: Annotated[Path | None, typer.Option("--json", help="Write a record of the run.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the loss curves: .png, .svg or .pdf.")] = None,
    snapshot_dir: Annotated[Path | None, typer.Option("--snapshot-dir", help="Folder of the snapshots.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Paint CONTENT in the style of STYLE."""
    from maskstyle.cli.interrupt import interruptible
    from maskstyle.cli.render import Files, announce, chosen_network, load_checked, render
    from maskstyle.cli.tensorflow_import import import_tensorflow
    from maskstyle.images import load_image
    from maskstyle.techniques.plan import normalized_shares, transfer_sizes

    styles = [parse_style(text) for text in [style, *(more_styles or [])]]
    shares = normalized_shares([weight for _, weight in styles], len(styles))
    paths = [content, *(path for path, _ in styles), *(path for path in (initial, weights) if path is not None)]
    files = Files(output, record, plot, snapshot_dir)
    files.check(paths, snapshot_every=settings.snapshot_every)
    picture = load_checked(content, output)
    paintings = [load_image(path).pixels for path, _ in styles]
    first = None if initial is None else load_image(initial).pixels
    choice = chosen_network(settings, weights)
    sizes = transfer_sizes(picture.pixels.shape[:2], settings, styles=[each.shape[:2] for each in paintings])
    announce(choice.reason, quiet=quiet)

    with interruptible() as interrupt:
        import_tensorflow()
        from maskstyle.techniques.basic import transfer_basic

        transfer = partial(
            transfer_basic,
            picture.pixels,
            paintings,
            style_shares=shares,
            alpha=picture.alpha,
            initial=first,
            settings=settings,
            network=choice,
        )
        inputs = {
            "content": content.name,
            "styles": [[path.name, share] for (path, _), share in zip(styles, shares, strict=True)],
            "initial": None if initial is None else initial.name,
            "weights": choice.weights.name,
        }
        render(transfer, sizes, settings, files, interrupt, inputs=inputs, alpha=picture.alpha, quiet=quiet)
