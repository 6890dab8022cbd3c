"""What the benchmarks share: options, pairs of pictures, tables."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from maskstyle.guides import style_guide
from maskstyle.images import Image, fit_size, load_image, resize_image
from maskstyle.networks.load import NetworkChoice, choose_network, load_network
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective import Objective, content_term, style_term, total_variation_term
from maskstyle.settings import Settings
from maskstyle.techniques.plan import style_size, wanted_layers


def parser(description: str, *, pairs: bool) -> argparse.ArgumentParser:
    """Return a parser with the options that all benchmarks have."""
    result = argparse.ArgumentParser(description=description)
    result.add_argument("--weights", type=Path, required=True, help="VGG19 weights, .h5 or .npz")
    result.add_argument("--json", type=Path, help="write the figures here")
    if pairs:
        result.add_argument("pictures", type=Path, nargs="+", help="content and style, alternating")
    return result


def pairs_of(pictures: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Return the pairs of content and style."""
    if len(pictures) % 2:
        raise SystemExit(f"there are {len(pictures)} pictures; give content and style, alternating")
    return list(zip(pictures[::2], pictures[1::2], strict=True))


def load_at(path: Path, longer_side: int) -> Image:
    """Load a picture at a longer side."""
    pixels = load_image(path).pixels
    return resize_image(pixels, fit_size(pixels.shape[:2], longer_side))


def choice_for(weights: Path, settings: Settings) -> NetworkChoice:
    """Return the choice of VGG19 for settings."""
    return choose_network("vgg19", wanted_layers(settings), compute_type=settings.compute_type, weights=weights)


def make_objective(network: FeatureNetwork, content: Image, style: Image, settings: Settings) -> Objective:
    """Return the objective of a basic transfer at the content's size."""
    scaled = resize_image(style, style_size(style.shape[:2], content.shape[:2], settings))
    return Objective(
        network,
        [
            content_term(network, content, settings),
            style_term(network, [style_guide(network, [scaled], [1.0], settings)], settings),
            total_variation_term(settings),
        ],
    )


def load_for(weights: Path, settings: Settings) -> FeatureNetwork:
    """Load VGG19 for settings."""
    return load_network(choice_for(weights, settings), pooling=settings.pooling, padding=settings.padding)


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(header) + " |")
    print("|" + " --- |" * len(header))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def write_figures(path: Path | None, figures: object) -> None:
    """Write figures as JSON, if asked."""
    if path is not None:
        path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
