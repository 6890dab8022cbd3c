"""``maskstyle run``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maskstyle.cli.options import (
    CheckpointEveryOption,
    PlotOption,
    QuietOption,
    RecordOption,
    ResumeOption,
    SnapshotsOption,
    WeightsOption,
    number,
    parse_layers,
)
from maskstyle.errors import SettingsError
from maskstyle.settings import CHECKPOINT_SECONDS

if TYPE_CHECKING:
    from maskstyle.cli.job import Job
    from maskstyle.guidance.planned import PlannedStyle
    from maskstyle.plans.inputs import LoadedPlan
    from maskstyle.plans.plan import Plan


def run(
    plan: Annotated[Path, typer.Argument(help="The plan, a TOML file.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The picture to write, instead of the plan's.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, print what would be done, and write nothing.")
    ] = False,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting instead of the plan's, as NAME=VALUE such as size=768; repeatable."),
    ] = None,
    weights: WeightsOption = None,
    record: RecordOption = None,
    plot: PlotOption = None,
    snapshot_dir: SnapshotsOption = None,
    resume: ResumeOption = False,
    checkpoint_every: CheckpointEveryOption = CHECKPOINT_SECONDS,
    quiet: QuietOption = False,
) -> None:
    """Paint a picture as a plan file says: which style goes where, how strongly, and what is kept."""
    from maskstyle.cli.checkpointing import wanted_checkpoints
    from maskstyle.cli.job import Job
    from maskstyle.cli.plan_table import print_plan
    from maskstyle.cli.render import Files, announce, check_transparent, load_checked
    from maskstyle.images.io import load_image
    from maskstyle.plans.inputs import check_files, load_plan, plan_files, unplanned
    from maskstyle.plans.reading import check_together, read_plan
    from maskstyle.techniques.plan import transfer_sizes

    read = _with_values(read_plan(plan), values or [])
    check_together(read)
    check_files(read)
    if weights is not None:
        read = dataclasses.replace(read, weights=str(weights.absolute()))
    written = output or (None if read.output is None else read.file(read.output))
    if written is None and not dry_run:
        raise read.source.error((), 'the plan names no output; add output = "out.png", or pass -o FILE')
    others = [file for key, file in plan_files(read).items() if key != (read.content_key,)]
    content = read.file(read.content)
    files = Files(
        written or Path("out.png"), record, plot, snapshot_dir, resume=resume, checkpoint_every=checkpoint_every
    )
    if written is not None:
        if output is None:
            with read.source.saying("output"):
                Files(written).check([plan, content, *others])
        files.check([plan, content, *others], snapshot_every=read.settings.snapshot_every)
        if read.transparent:
            with read.source.saying("transparent"):
                check_transparent(written, "transparent")
    with read.source.saying(read.content_key):
        picture = load_image(content) if written is None else load_checked(content, written)
    loaded = load_plan(read, picture.pixels)
    size, styles = picture.pixels.shape[:2], [style.image.shape[:2] for style in used_styles(loaded)]
    with read.source.saying("settings"):
        sizes = transfer_sizes(size, read.settings, styles=styles)
    first = None if read.initial is None else read.file(read.initial)
    file = None if read.weights is None else read.file(read.weights)
    checkpoints = None
    if not dry_run:
        checkpoints = wanted_checkpoints(files.output, every=checkpoint_every, resume=resume, quiet=quiet)
    job = Job(content, picture, first, loaded.initial, file, read.settings, files, quiet, others, checkpoints)
    remarks = list(loaded.remarks)
    if unused := sorted(read.styles.keys() - {each.style for each in read.regions}) if read.regions else []:
        remarks.append(f"nothing is painted in {', '.join(unused)}")
    if loaded.settled is not None and (left := unplanned(read, loaded.settled)):
        remarks.append(f"the plan says nothing of {', '.join(left)}, which only masks paint")
    for remark in remarks:
        announce(remark, quiet=quiet, name="note")
    if dry_run:
        print_plan(read, loaded, sizes, written, size)
    else:
        _render(job, read, loaded, styles)


def used_styles(loaded: LoadedPlan) -> list[PlannedStyle]:
    """Return the styles that a plan really uses."""
    return list(loaded.styles.values()) if loaded.settled is None else loaded.settled.styles()


def _render(job: Job, plan: Plan, loaded: LoadedPlan, sizes: Sequence[tuple[int, int]]) -> None:
    from maskstyle.cli.plan_table import guides_of
    from maskstyle.plans.recording import recorded_path
    from maskstyle.plans.table import resolved_table

    record = resolved_table(plan, loaded, lambda path: recorded_path(path, job.files.output))
    if plan.technique == "basic":
        paintings = [style.image for style in loaded.styles.values()]
        shares = [style.share for style in plan.styles.values()]
        job.run(
            "basic", sizes, paintings, inputs={"plan": record}, guides=guides_of(plan, loaded), style_shares=shares
        )
        return
    if loaded.pairing is not None:
        _render_pairs(job, plan, loaded, sizes, record)
        return
    job.run(
        "planned",
        sizes,
        loaded.regions,
        inputs={"plan": record},
        guides=guides_of(plan, loaded),
        content_map=loaded.content_map,
        feather=plan.feather,
        feather_mode=plan.feather_mode,
        transparent=plan.transparent,
        denoise_regions=loaded.denoised,
    )


def _render_pairs(
    job: Job, plan: Plan, loaded: LoadedPlan, sizes: Sequence[tuple[int, int]], record: dict[str, Any]
) -> None:
    """Paint patches or a doodle."""
    from maskstyle.cli.plan_table import guides_of

    assert loaded.pairing is not None
    (style,) = loaded.styles.values()
    run = job.run if plan.technique == "patch" else job.run_without_content
    others = {"matching": plan.matching} if plan.technique == "doodle" else {}
    run(
        plan.technique,
        sizes,
        style.image,
        inputs={"plan": record},
        guides=guides_of(plan, loaded),
        style_map=style.style_map,
        mapping=list(loaded.pairing.mapping),
        unmatched=plan.unmatched,
        patches=plan.patches,
        **{plan.map_key: loaded.content_map},
        **others,
    )


def _with_values(plan: Plan, texts: Sequence[str]) -> Plan:
    """Return a plan with settings from the command line."""
    from maskstyle.plans.keys import WITHOUT_EFFECT_IN
    from maskstyle.plans.settings_table import NAMED_INITS, settings_from

    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise SettingsError(f"--set is {text!r}; expected NAME=VALUE such as size=768")
        if name.strip() in WITHOUT_EFFECT_IN[plan.technique]:
            raise SettingsError(f"--set {name.strip()} does nothing in technique {plan.technique!r}; leave it out")
        values[name.strip()] = _value(name.strip(), value.strip())
    init = values.get("init", "content")
    if init not in NAMED_INITS:
        if not Path(init).is_file():
            raise SettingsError(f"--set init is {init!r}; expected {', '.join(NAMED_INITS)} or a picture's FILE")
        values["init"] = str(Path(init).absolute())
    settings, initial = settings_from(plan.settings, values, lambda name, text: SettingsError(f"--set: {text}"))
    kept = plan.initial if "init" not in values else None
    return dataclasses.replace(plan, settings=settings, initial=initial or kept)


def _value(name: str, text: str) -> Any:
    """Return a text as a value of a setting's type; of an unknown setting it stays a text."""
    from maskstyle.plans.settings_table import FIELDS

    kind = FIELDS.get(name, "str")
    if kind == "LayerMix":
        return dict(parse_layers(text, f"--set {name}"))
    if kind.startswith("float"):
        return number(text, f"--set {name}")
    if kind.startswith("int"):
        try:
            return int(text)
        except ValueError:
            raise SettingsError(f"--set {name} is {text!r}; expected a whole number") from None
    return text
