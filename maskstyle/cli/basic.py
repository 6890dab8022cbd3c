"""``maskstyle basic``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskstyle.cli.options import (
    CheckpointEveryOption,
    ContentArgument,
    DryRunOption,
    OutputOption,
    PlotOption,
    QuietOption,
    RecordOption,
    ResumeOption,
    SnapshotsOption,
    WeightsOption,
    parse_style,
    takes_settings,
)
from maskstyle.settings import CHECKPOINT_SECONDS, Settings


@takes_settings
def basic(
    content: ContentArgument,
    style: Annotated[str, typer.Argument(help="The painting, as FILE[:WEIGHT].", show_default=False)],
    output: OutputOption,
    settings: Settings,
    initial: Path | None,
    more_styles: Annotated[
        list[str] | None, typer.Option("--style", help="A further painting to blend in, as FILE[:WEIGHT].")
    ] = None,
    weights: WeightsOption = None,
    record: RecordOption = None,
    plot: PlotOption = None,
    snapshot_dir: SnapshotsOption = None,
    resume: ResumeOption = False,
    checkpoint_every: CheckpointEveryOption = CHECKPOINT_SECONDS,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
) -> None:
    """Paint CONTENT in the style of STYLE."""
    from maskstyle.cli.job import prepared
    from maskstyle.cli.render import Files
    from maskstyle.images.io import load_image
    from maskstyle.techniques.plan import normalized_shares

    styles = [parse_style(text) for text in [style, *(more_styles or [])]]
    shares = normalized_shares([weight for _, weight in styles], len(styles))
    files = Files(
        output, record, plot, snapshot_dir, resume=resume, checkpoint_every=checkpoint_every, dry_run=dry_run
    )
    paths = [path for path, _ in styles]
    job = prepared(content, paths, files, settings, initial=initial, weights=weights, quiet=quiet)
    paintings = [load_image(path).pixels for path in paths]
    inputs = {"styles": [[job.recorded(path), share] for path, share in zip(paths, shares, strict=True)]}
    job.run(
        "basic",
        [each.shape[:2] for each in paintings],
        paintings,
        inputs=inputs,
        guides={"styles": len(paintings)},
        style_shares=shares,
    )
