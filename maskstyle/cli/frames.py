"""``maskstyle frames``: paint the frames of a clip, or a video, without flicker."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from rich.markup import escape

from maskstyle.cli.batch import SchedulerOption, check_apart, check_outputs, check_styles, with_content
from maskstyle.cli.many import (
    ONE_PICTURE,
    Batch,
    ForceOption,
    Pictures,
    PlanOf,
    changed_plan_of_many,
    command_of_many,
    technique_commands,
)
from maskstyle.cli.options import DraftOption, QuietOption, SetOption, WeightsOption
from maskstyle.errors import ImageError, SettingsError
from maskstyle.settings import FRAME_STEPS, OUTPUT, SPEED, STYLE, TEMPORAL_WEIGHT
from maskstyle.techniques.inputs import Inputs

if TYPE_CHECKING:
    from maskstyle.batch.clip import Clip
    from maskstyle.batch.video import Timing
    from maskstyle.images.pixels import Size
    from maskstyle.plans.plan import Plan

VIDEO = ".mp4"
"""The end of the name of a video to write."""

FOLDER = ".frames"
"""The end of the name of the folder beside a video, with its frames."""

OutputOption = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        help="Folder of the results, or a video NAME.mp4.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
WeightOption = Annotated[
    float,
    typer.Option(
        "--temporal-weight", help="Weight of staying like the frame before.", min=0.0, rich_help_panel=STYLE
    ),
]
StepsOption = Annotated[
    int,
    typer.Option("--frame-steps", help="Most steps of each frame after the first.", min=1, rich_help_panel=SPEED),
]
RateOption = Annotated[
    str | None,
    typer.Option(
        "--rate",
        help="Frames per second of the video, such as 24 or 30000/1001.  (default: the source's, or 25)",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
LosslessOption = Annotated[
    bool, typer.Option("--lossless", help="Write the video without loss, in RGB.", rich_help_panel=OUTPUT)
]
ListOption = Annotated[
    bool, typer.Option("--dry-run", help="List frames, scenes and maps, without painting.", rich_help_panel=OUTPUT)
]

SHARED: dict[str, tuple[Any, Any]] = {
    "output": (OutputOption, inspect.Parameter.empty),
    "temporal_weight": (WeightOption, TEMPORAL_WEIGHT),
    "frame_steps": (StepsOption, FRAME_STEPS),
    "rate": (RateOption, None),
    "lossless": (LosslessOption, False),
    "force": (ForceOption, False),
    "scheduler": (SchedulerOption, None),
    "listing": (ListOption, False),
}
"""The options that all clips share."""

NOT_HERE = (*ONE_PICTURE, "checkpoint_every")
"""The parameters of a painting command that a clip has no use for, or has otherwise."""


class Asked(NamedTuple):
    """How a clip is painted: the shared options, by their names, and whether to print errors alone."""

    output: Path
    temporal_weight: float
    frame_steps: int
    rate: str | None
    lossless: bool
    force: bool
    scheduler: str | None
    listing: bool
    quiet: bool

    @property
    def to_video(self) -> bool:
        """Whether the result is a video."""
        return self.output.suffix.lower() == VIDEO

    @property
    def folder(self) -> Path:
        """The folder of the painted frames."""
        return self.output.with_name(self.output.stem + FOLDER) if self.to_video else self.output


def frames_command(inputs: type[Inputs]) -> Callable[..., None]:
    """Return the command that paints the frames of a clip by one technique."""

    def paint(text: str, plan_of: PlanOf, asked: dict[str, Any]) -> None:
        paint_frames(text, plan_of, Asked(**asked), maps=inputs.main != "content")

    frames = Pictures(str, "Frames: a folder, a quoted pattern or a video.", "FRAMES")
    return command_of_many(inputs, frames, SHARED, paint, without=NOT_HERE)


app = technique_commands("Paint the frames of a clip or video without flicker.", frames_command)


@app.command("run")
def run(
    plan: Annotated[Path, typer.Argument(help="Plan file (TOML).", show_default=False, metavar="PLAN")],
    content: Annotated[
        str,
        typer.Option("--content", help="Frames: a folder, a quoted pattern or a video.", rich_help_panel=STYLE),
    ],
    output: OutputOption,
    values: SetOption = None,
    draft: DraftOption = False,
    weights: WeightsOption = None,
    temporal_weight: WeightOption = TEMPORAL_WEIGHT,
    frame_steps: StepsOption = FRAME_STEPS,
    rate: RateOption = None,
    lossless: LosslessOption = False,
    force: ForceOption = False,
    scheduler: SchedulerOption = None,
    listing: ListOption = False,
    quiet: QuietOption = False,
) -> None:
    """Paint the frames of a clip by a plan file."""
    read, notes = changed_plan_of_many(plan, values, draft=draft, weights=weights)
    asked = Asked(output, temporal_weight, frame_steps, rate, lossless, force, scheduler, listing, quiet)
    maps = read.inputs.main != "content"
    paint_frames(content, lambda frame, number: (with_content(read, frame), notes), asked, maps=maps)


def paint_frames(text: str, plan_of: PlanOf, asked: Asked, *, maps: bool) -> None:
    """Paint the frames of a folder, pattern or video, and print what became of them; maps are doodles."""
    from maskstyle.batch.clip import Clip, ClipSettings
    from maskstyle.batch.followed import FollowedFiles
    from maskstyle.batch.work import Task, read_task
    from maskstyle.cli.batch_report import Report
    from maskstyle.motion.flow import check_flow
    from maskstyle.synthesis.schedule import result_size

    check_flow()
    video = Path(text) if Path(text).is_file() else None
    _check_asked(text, video, asked)
    found: list[str] = []
    frames, timing, full, scenes = _footage(text, video, asked, found.append, maps=maps)
    plan, notes = _first_plan(plan_of, frames[0])
    batch = Batch(asked.folder, "{name}.png", asked.force, None, asked.scheduler, asked.listing, asked.quiet)
    files = FollowedFiles(plan, frames, asked.folder / "maps")
    outputs = [asked.folder / f"{frame.stem}.png" for frame in frames]
    files.check(scenes)
    settings = ClipSettings(asked.temporal_weight, asked.frame_steps)
    size = result_size(full, plan.settings)
    clip = Clip(tuple(frames), tuple(outputs), files, frozenset(scenes), size, settings)
    report = Report(len(frames), batch._replace(output_dir=asked.output), _works(clip, plan))
    report.note([*found, *notes, *_without_effect(clip, plan)])
    if asked.scheduler is not None and len(scenes) == 1:
        report.note(["the clip has one scene, whose frames depend on each other, so one worker paints at a time"])
    if asked.listing:
        if frames[0].exists():  # those of a video are only listed
            report.note(read_task(Task(files.first, outputs[0])).notes)
        _print_clip(clip, timing, asked)
        return
    _check(plan, clip, batch)
    _paint(clip, batch, report)
    if asked.to_video and report.is_complete:
        _write(clip, timing, video, asked, report)
    report.conclude()


def _without_effect(clip: Clip, plan: Plan) -> list[str]:
    """Return notes on options of clips that change no frame."""
    settings, usual, most = clip.settings, (TEMPORAL_WEIGHT, FRAME_STEPS), plan.settings.steps
    given = {"--temporal-weight": settings.temporal_weight, "--frame-steps": settings.frame_steps}
    changed = [flag for (flag, value), default in zip(given.items(), usual, strict=True) if value != default]
    if changed and len(clip.scenes) == len(clip.frames):
        have = "has" if len(changed) == 1 else "have"
        return [f"{' and '.join(changed)} {have} no effect, as every frame begins a scene"]
    if "--frame-steps" in changed and min(settings.frame_steps, FRAME_STEPS) >= most:
        return [f"--frame-steps has no effect, as no frame takes more than {most} steps"]
    return []


def _first_plan(plan_of: PlanOf, frame: Path) -> tuple[Plan, list[str]]:
    """Return the plan of the first frame and its notes; a frame that is only listed has no map yet."""
    try:
        return plan_of(frame, 1)
    except ImageError as error:
        if frame.exists() or str(frame) not in str(error):
            raise
        raise ImageError(
            f"the first frame of the video has no map yet; repeat the command without --dry-run, which writes the "
            f"frames into {frame.parent}, and draw {frame.stem}_map.png there"
        ) from None


def _check_asked(text: str, video: Path | None, asked: Asked) -> None:
    """Check the options by themselves."""
    from maskstyle.batch.video import VIDEO_SUFFIXES, check_video
    from maskstyle.cli.outputs import check_folder_name

    if asked.scheduler is not None:
        from maskstyle.batch.scheduler import check_scheduler

        check_scheduler(asked.scheduler)
    if video is not None or asked.to_video:
        check_video()
    if not asked.to_video and asked.output.suffix.lower() in VIDEO_SUFFIXES:
        raise SettingsError(f"--output is {asked.output}; expected a folder, or a video that ends in {VIDEO}")
    if not asked.to_video:
        check_folder_name(asked.output, "--output")
        for name, given in (("--rate", asked.rate), ("--lossless", asked.lossless)):
            if given:
                raise SettingsError(f"{name} has no effect on a folder; name a video, or leave {name} out")
    check_apart([text], asked.folder)
    if asked.to_video:
        _check_video(video, asked)


def _check_video(video: Path | None, asked: Asked) -> None:
    """Check that the video can be written, and replaces neither its source nor another file unasked."""
    from maskstyle.batch.video import comment_of
    from maskstyle.cli.outputs import check_distinct
    from maskstyle.images.writing import check_replaceable

    check_distinct({"--output": asked.output}, [] if video is None else [video])
    if asked.output.parent.exists():  # otherwise it is made, with the folder of the frames
        check_replaceable(asked.output)
    if asked.output.exists() and not asked.force and comment_of(asked.output) is None:
        raise ImageError(f"{asked.output} exists and is no video of maskstyle; move it away, or pass --force")


class Footage(NamedTuple):
    """The frames, when each is shown, their (height, width), and the places of those that begin a scene."""

    frames: list[Path]
    timing: Timing
    size: Size
    scenes: list[int]


def _footage(text: str, video: Path | None, asked: Asked, note: Callable[[str], None], *, maps: bool) -> Footage:
    """Return the frames that a text names; those of a video are written, unless they are only listed."""
    from maskstyle.batch.frames import check_frames, check_several, find_frames, find_scenes
    from maskstyle.batch.video import DEFAULT_RATE, Timing, extract_frames, listed_frames
    from maskstyle.images.headers import read_size
    from maskstyle.images.io import load_image

    rate = None if asked.rate is None else _rate(asked.rate)
    if video is None:
        frames, timing = find_frames(text, note, maps=maps), Timing(rate or Fraction(DEFAULT_RATE))
    elif asked.listing:
        listed = Footage(*listed_frames(video, asked.folder / "source"))
        check_several(listed.frames, text)
        return listed._replace(timing=_at_rate(listed.timing, rate))
    else:
        frames, timing = extract_frames(video, asked.folder / "source")
        check_frames(frames, text)
    scenes = find_scenes(load_image(frame).pixels for frame in frames)
    return Footage(frames, _at_rate(timing, rate), read_size(frames[0]), scenes)


def _at_rate(timing: Timing, rate: Fraction | None) -> Timing:
    """Return a timing with another rate, if one was asked for."""
    return timing if rate is None else replace(timing, rate=rate, times=())


def _rate(text: str) -> Fraction:
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise SettingsError(f"--rate is {text!r}; expected frames per second, such as 24, 23.976 or 30000/1001")
    return rate


def _works(clip: Clip, plan: Plan) -> list[float]:
    """Return the work of each frame: evaluations at the size of the result."""
    from maskstyle.synthesis.schedule import pyramid_sizes, scales_at, work_by_size

    settings, (height, width) = plan.settings, clip.size
    anew = sum(work_by_size(pyramid_sizes(clip.size, scales_at(clip.size, settings.scales)), settings))
    others = min(clip.settings.frame_steps, settings.steps)
    return [anew / (height * width) if place in clip.scenes else others for place in range(len(clip.frames))]


def _check(plan: Plan, clip: Clip, batch: Batch) -> None:
    """Check the styles and outputs before the first frame is painted."""
    from maskstyle.batch.work import Task

    tasks = [Task(plan, output) for output in clip.outputs]
    check_styles(tasks[:1])
    check_outputs(tasks, batch)


def _paint(clip: Clip, batch: Batch, report: Any) -> None:
    from maskstyle.batch.clip import paint_clip
    from maskstyle.batch.work import Painter
    from maskstyle.cli.console import interruptible
    from maskstyle.networks.tensorflow_import import import_tensorflow

    with interruptible() as interrupt, report.bar(interrupt.console) as bar:
        interrupt.began = True  # a signal ends the clip after the step, whichever frame that is in
        if batch.scheduler is not None:
            from maskstyle.batch.remote import paint_scenes

            paint_scenes(clip, batch.scheduler, force=batch.force, on_outcome=report.add, should_stop=interrupt.asked)
            return
        import_tensorflow()
        paint_clip(
            clip,
            Painter(force=batch.force, of_clip=True),
            force=batch.force,
            on_begin=bar.begin,
            on_step=bar.step,
            on_outcome=report.add,
            should_stop=interrupt.asked,
        )


def _write(clip: Clip, timing: Timing, video: Path | None, asked: Asked, report: Any) -> None:
    """Write the video, unless it is there and made of the same frames."""
    from maskstyle.batch.video import comment_of, write_video
    from maskstyle.images.hashes import begin_noting
    from maskstyle.plans.records import file_hashes

    begin_noting()  # the hashes are those of the results as they are now
    hashes = list(file_hashes(clip.outputs, clip.outputs[0]).values())
    made = hashlib.sha256(repr((timing, asked.lossless, hashes)).encode()).hexdigest()
    _check_video(video, asked)  # painting took a while
    if asked.output.exists() and comment_of(asked.output) == made:
        return
    report.note(write_video(asked.output, clip.outputs, timing, lossless=asked.lossless, sound=video, comment=made))


def _print_clip(clip: Clip, timing: Timing, asked: Asked) -> None:
    """List the scenes and the maps that were drawn."""
    from maskstyle.cli.console import print_wide, tables
    from maskstyle.cli.terminal import Table

    height, width = clip.size
    table = Table("what", "which")
    table.add_row("frames", f"{len(clip.frames)}, {clip.frames[0].name} to {clip.frames[-1].name}")
    table.add_row("size", f"{width}x{height}")
    if asked.to_video:
        table.add_row("rate", f"{float(timing.rate):.6g} per second")
    table.add_row("scenes", ", ".join(escape(clip.frames[place].name) for place in sorted(clip.scenes)))
    for key in clip.files.drawn():
        table.add_row("drawn", escape(str(key)))
    table.add_row("results", escape(str(asked.output)))
    print_wide(tables(), table)
