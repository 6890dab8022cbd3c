"""The work of ``maskstyle evaluate``: files read and checked, the evaluation, and what is written and said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from maskstyle.cli.console import messages, tables
from maskstyle.cli.judging_inputs import MapFiles
from maskstyle.cli.map_reading import MapReading, recorded_reading
from maskstyle.cli.maps import chosen_mapping, chosen_regions, parse_colors, parse_mapping
from maskstyle.cli.output_files import check_distinct
from maskstyle.cli.render import announce, chosen_network, write_json, writing
from maskstyle.evaluation.setup import judging_settings, plan_evaluation
from maskstyle.images.files import check_replaceable, check_writable
from maskstyle.images.io import Picture, load_image, save_image
from maskstyle.maps.io import format_color
from maskstyle.masks.io import read_mask
from maskstyle.networks import tensorflow_import
from maskstyle.settings import Settings

if TYPE_CHECKING:
    from maskstyle.evaluation.result import Evaluation


@dataclass(frozen=True)
class Judging:
    """The files of an evaluation.

    Parameters
    ----------
    result, style : Path
        The picture to judge, and the painting.
    content : Path or None
        What the picture was made from.
    maps : MapFiles
        The content's map and the painting's, where there are.
    masks : tuple of Path
        Masks, where there are no maps.
    settings : Settings
        How to judge.
    weights : Path or None
        The network's weights, where they are given.
    asked : MapReading
        How options say that maps are read; where they say nothing, it is as the result records.
    """

    result: Path
    style: Path
    content: Path | None
    maps: MapFiles
    masks: tuple[Path, ...]
    settings: Settings
    weights: Path | None
    asked: MapReading = MapReading()

    def run(
        self,
        regions: str | None,
        mapping: list[str],
        unmatched: str,
        *,
        record: Path | None,
        heatmap: Path | None,
        quiet: bool,
    ) -> None:
        """Check everything, evaluate, then write and print what was found.

        Parameters
        ----------
        regions, mapping, unmatched
            As given on the command line.
        record, heatmap : Path or None
            Where to write the record and the picture.
        quiet : bool
            Print nothing but errors.
        """
        if regions is not None:
            parse_colors(regions, "--regions")
        parse_mapping(mapping, "--map")
        self._check_outputs(record, heatmap)
        result, style = load_image(self.result), load_image(self.style)
        content = None if self.content is None else load_image(self.content)
        reading = self._reading()
        maps = self._maps(reading)
        matching = {**self._chosen(maps, regions, mapping), "unmatched": unmatched}
        given = {**maps, **matching, "masks": [read_mask(path).mask for path in self.masks]}
        settings = self._check(result, style, content, given)
        choice = chosen_network(settings, self.weights)
        said = [*self.maps.said]
        if reading != self.asked:
            said.append(("maps", f"read with {reading.described()}, as {self.result.name} records"))
        for name, reason in (*said, ("network", choice.reason)):
            announce(reason, quiet=quiet, name=name)
        tensorflow_import.import_tensorflow()
        from maskstyle.evaluation.evaluate import evaluate_regions

        evaluation = evaluate_regions(
            result.pixels,
            style.pixels,
            content=None if content is None else content.pixels,
            alpha=result.alpha,
            content_alpha=None if content is None else content.alpha,
            settings=settings,
            network=choice,
            **given,
        )
        self._write(
            evaluation,
            record,
            heatmap,
            {**self._inputs(matching), **reading.record(), "weights": choice.weights.name},
        )
        if not quiet:
            _print(evaluation, heatmap)

    def _reading(self) -> MapReading:
        return self.asked if self.asked != MapReading() else recorded_reading(self.result, self.maps.paths)

    def _maps(self, reading: MapReading) -> dict[str, Any]:
        names = ("content_map", "style_map")
        return {name: reading.read(path) for name, path in zip(names, self.maps.paths, strict=False)}

    def _chosen(self, maps: Mapping[str, Any], regions: str | None, mapping: list[str]) -> dict[str, Any]:
        """Return the colors of the regions and pairs that options name, as those of the maps."""
        if len(maps) < 2:
            return {
                "regions": None if regions is None else parse_colors(regions, "--regions"),
                "mapping": parse_mapping(mapping, "--map"),
            }
        content, style = maps.values()
        names = (str(self.maps.paths[0]), str(self.maps.paths[1]))
        return {
            "regions": None if regions is None else chosen_regions(regions, "--regions", content, name=names[0]),
            "mapping": chosen_mapping(mapping, "--map", content, style, names=names),
        }

    def _check(self, result: Picture, style: Picture, content: Picture | None, given: Mapping[str, Any]) -> Settings:
        """Raise where the pictures do not go together, before TensorFlow loads; return the settings to judge by."""
        settings = judging_settings(self.settings, has_content=content is not None)
        names: dict[str, Any] = {"names": tuple(str(path) for path in self.maps.paths)} if self.maps.paths else {}
        plan_evaluation(
            result.pixels.shape[:2],
            style.pixels.shape[:2],
            content=None if content is None else content.pixels.shape[:2],
            settings=settings,
            **given,
            **names,
        )
        return settings

    def _check_outputs(self, record: Path | None, heatmap: Path | None) -> None:
        if record is not None:
            check_replaceable(record)
        if heatmap is not None:
            check_writable(heatmap)
        inputs = [self.result, self.style, self.content, *self.maps.paths, *self.masks, self.weights]
        check_distinct({"--json": record, "--heatmap": heatmap}, [path for path in inputs if path is not None])

    def _inputs(self, matching: Mapping[str, Any]) -> dict[str, Any]:
        maps = tuple(path.name for path in self.maps.paths) or (None, None)
        chosen = matching["regions"]
        return {
            "result": self.result.name,
            "style": self.style.name,
            "content": None if self.content is None else self.content.name,
            "content_map": maps[0],
            "style_map": maps[1],
            "regions": None if chosen is None else [format_color(color) for color in chosen],
            "mapping": [[format_color(color) for color in pair] for pair in matching["mapping"]],
            "unmatched": matching["unmatched"],
            "masks": [path.name for path in self.masks],
        }

    def _write(
        self, evaluation: Evaluation, record: Path | None, heatmap: Path | None, inputs: dict[str, Any]
    ) -> None:
        if record is not None:
            with writing(record):
                write_json(record, {**evaluation.record(), "inputs": inputs})
        if heatmap is not None:
            from maskstyle.evaluation.heatmap import draw_heatmap

            with writing(heatmap):
                save_image(heatmap, draw_heatmap(evaluation))


def _print(evaluation: Evaluation, heatmap: Path | None) -> None:
    from maskstyle.cli.judging_tables import printed_parts

    console = tables()
    for part in printed_parts(evaluation):
        console.print(part)
    for remark in evaluation.remarks:
        messages().print(f"note: {escape(remark)}")
    if heatmap is not None:
        messages().print(f"wrote {escape(str(heatmap))}")
