"""``maskstyle mask``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    TransparentOption,
    WeightsOption,
    takes_settings,
)
from maskstyle.settings import CHECKPOINT_SECONDS, Settings

if TYPE_CHECKING:
    from maskstyle.masks.io import MaskFile


@takes_settings
def mask(
    context: typer.Context,
    content: ContentArgument,
    output: OutputOption,
    settings: Settings,
    initial: Path | None,
    styles: Annotated[
        list[str] | None,
        typer.Option(
            "--style",
            help="A painting with its soft mask, as FILE:MASK[:WEIGHT]; 1-MASK is the mask's complement. Repeatable. "
            "The only one may lack its mask: then NAME_mask.png beside CONTENT is taken.",
            show_default=False,
        ),
    ] = None,
    transparent: TransparentOption = False,
    weights: WeightsOption = None,
    record: RecordOption = None,
    plot: PlotOption = None,
    snapshot_dir: SnapshotsOption = None,
    resume: ResumeOption = False,
    checkpoint_every: CheckpointEveryOption = CHECKPOINT_SECONDS,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
) -> None:
    """Paint CONTENT in styles that each follow a soft mask: fully where it is white, not at all where it is black."""
    from maskstyle.cli.job import prepared
    from maskstyle.cli.mask_styles import check_has_styles, mask_of, parse_masked_style, with_masks
    from maskstyle.cli.render import Files, announce, check_transparent
    from maskstyle.images.io import load_image
    from maskstyle.masks.io import fit_mask

    check_has_styles(content, context.args, styles or [])
    masked, found = with_masks([parse_masked_style(text) for text in styles or []], content)
    mask_paths = [each.mask for each in masked if each.mask is not None]
    files = Files(
        output, record, plot, snapshot_dir, resume=resume, checkpoint_every=checkpoint_every, dry_run=dry_run
    )
    others = [*(each.style for each in masked), *mask_paths]
    if transparent:
        check_transparent(output)
    job = prepared(content, others, files, settings, initial=initial, weights=weights, quiet=quiet)
    size = job.picture.pixels.shape[:2]
    paintings = {path: load_image(path).pixels for path in dict.fromkeys(each.style for each in masked)}
    read: dict[Path, MaskFile] = {}
    masks = [
        fit_mask(mask_of(each, read), size, name=f"{'1-' if each.complement else ''}{path}", image_name=str(content))
        for each, path in zip(masked, mask_paths, strict=True)
    ]
    if found:
        announce(f"{mask_paths[0]}, found beside {content.name}", quiet=quiet, name="mask")
    for path, held in read.items():
        if held.remark is not None:
            announce(held.remark, quiet=quiet, name=str(path))
    inputs = {
        "styles": [
            {
                "style": job.recorded(each.style),
                "mask": job.recorded(path),
                "complement": each.complement,
                "weight": each.weight,
            }
            for each, path in zip(masked, mask_paths, strict=True)
        ],
        "transparent": transparent,
    }
    job.run(
        "gradient_mask",
        [painting.shape[:2] for painting in paintings.values()],
        [paintings[each.style] for each in masked],
        inputs=inputs,
        guides={"masks": len(masked), "styles": len(paintings)},
        masks=masks,
        strengths=[each.weight for each in masked],
        transparent=transparent,
    )
