"""The engine: one pipeline from a scene to a result, for every technique."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from maskstyle import __version__
from maskstyle.errors import SettingsError
from maskstyle.images.pixels import Size, resize_image
from maskstyle.networks.architectures import LITE, VGG19
from maskstyle.networks.load import NetworkChoice, choose_network, load_network
from maskstyle.networks.tensorflow import check_usable, memory_errors
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.assemble import content_limits, content_term, total_variation_term
from maskstyle.objective.extract import Extractor
from maskstyle.objective.objective import ObjectiveLike
from maskstyle.objective.shared import LARGE_SIDE, SharedGraphs
from maskstyle.objective.terms import Term, temporal_term
from maskstyle.schemas.arguments import convert_fields, converted
from maskstyle.settings import Limits, Settings, active, wanted_layers
from maskstyle.synthesis.adam import check_keras
from maskstyle.synthesis.checkpoint_file import Checkpoint
from maskstyle.synthesis.checkpoints import TYPE_IN_IDENTITY, Checkpoints, resolved_choice
from maskstyle.synthesis.identity import digest, plain
from maskstyle.synthesis.initial_image import initial_image
from maskstyle.synthesis.result import Result, picture_layers
from maskstyle.synthesis.scales import OnStep, Step, Synthesis, synthesize
from maskstyle.synthesis.scene import Scene, StyleAtSize
from maskstyle.synthesis.schedule import is_underpainting, settings_by_size

if TYPE_CHECKING:
    from distributed import Client


@dataclass(frozen=True, eq=False)
class Run:
    """How to paint a scene: network, memory limit, callbacks and checkpoints.

    Parameters
    ----------
    network : NetworkChoice or FeatureNetwork, optional
        A chosen or loaded network. By default, the settings determine it.
    limits : Limits
        Memory limit and size of tiles.
    on_step : callable, optional
        Called with a `maskstyle.Step` after each evaluation.
    should_stop : callable, optional
        Called after each evaluation; return True to stop with the best image so far.
    checkpoints : Checkpoints, optional
        Where to save the state periodically, and whether to resume from it; see ``docs/how-to/large-pictures.md``.
    layers : bool
        Whether the result has its layers: the content image, and each region and mask.
    progress : bool
        Whether to show a progress bar with the time left, in a terminal or notebook.
    seen : bool
        Whether the result has the painted image as the network saw it last, from which the next frame of a clip goes
        on.
    graphs : SharedGraphs, optional
        Compiled graphs to share with other runs of small pictures, such as previews: all but the first then begin at
        once, and their steps take a little longer.
    client : distributed.Client, optional
        A client of Dask, whose workers then paint the tiles of large sizes side by side; see
        ``docs/how-to/many-machines.md``.
    """

    network: NetworkChoice | FeatureNetwork | None = None
    limits: Limits = Limits()
    on_step: OnStep | None = None
    should_stop: Callable[[], bool] | None = None
    checkpoints: Checkpoints | None = None
    layers: bool = False
    seen: bool = False
    graphs: SharedGraphs | None = None
    progress: bool = False
    client: Client | None = None

    def __post_init__(self) -> None:
        """Check and convert the fields."""
        convert_fields(
            self, "limits", "on_step", "should_stop", "checkpoints", "layers", "seen", "graphs", "progress"
        )
        if self.network is not None and not hasattr(self.network, "architecture"):
            raise SettingsError(f"network is {self.network!r}; name the network in Settings(network=...) instead")
        if self.client is not None and not hasattr(self.client, "submit"):
            raise SettingsError(f"client is {self.client!r}; expected a distributed.Client")


def paint(scene: Scene, run: Run | None = None) -> Result:
    """Paint a scene.

    Parameters
    ----------
    scene : Scene
        What to paint: the result of the ``scene`` method of the inputs of a technique.
    run : Run, optional
        How to paint it.

    Returns
    -------
    Result

    Raises
    ------
    SettingsError, WeightsError, CheckpointError
        Before painting starts: if the run does not fit into its memory, the network cannot be loaded, there is no
        checkpoint of this run to resume from, or workers are to share a picture that has no tiles.
    WorkerError
        If the scheduler, or the last of its workers, is lost.
    NumericalError
        If a loss is not finite; its ``image`` is the last good image.
    MemoryError
        If the system gives no more memory.
    """
    run = Run() if run is None else converted(run, Run, "run")
    if not scene.layout.placements:  # every strength is 0
        return _unpainted(scene, run)
    with memory_errors():
        return _painted(scene, run)


def _painted(scene: Scene, run: Run) -> Result:
    scene, network, limits = _prepared(scene, run)
    _check_optimizers(scene, limits)
    if run.client is not None:
        scene.check_tiles(limits)
    if run.checkpoints is not None:
        run.checkpoints.begin(lambda: _identity(scene, network, limits))
    graphs = SharedGraphs(LARGE_SIDE, general="never") if run.graphs is None else run.graphs

    def objective_at(size: Size, chosen: Settings) -> tuple[ObjectiveLike, StyleAtSize | None]:
        own = network
        if is_underpainting(chosen, scene.settings):
            own = _lite(network.layers, network.compute_type, network.pooling, network.padding)
        return _objective(scene, Extractor(own, limits.tile_size, graphs, client=run.client), size)

    with _shown_progress(scene, run) as on_step:
        synthesis = synthesize(
            objective_at,
            initial_image(scene),
            scene.sizes,
            scene.settings,
            memory=limits.memory,
            on_step=on_step,
            should_stop=run.should_stop,
            begin_with=scene.with_kept_pixels,
            checkpoints=run.checkpoints,
        )
    return _result(scene, synthesis, network, limits, run)


def resumed_from(scene: Scene, run: Run) -> Checkpoint:
    """Return the checkpoint from which a run would resume; nothing is painted."""
    assert run.checkpoints is not None
    return run.checkpoints.found(_identity(*_prepared(scene, run)))


def _prepared(scene: Scene, run: Run) -> tuple[Scene, FeatureNetwork, Limits]:
    """Return the loaded network, the limits, and the scene as that network paints it."""
    network = loaded_network(run.network, scene.settings, run.checkpoints)
    own = network.architecture
    if scene.settings.underpainted and own != VGG19 and (own == LITE or scene.settings.underpainting == "auto"):
        scene = dataclasses.replace(scene, settings=scene.settings.changed(underpainting="none"))
    return scene, network, scene.limits(own, network.compute_type, run.limits)


@lru_cache(maxsize=1)
def _lite(layers: tuple[str, ...], compute_type: str, pooling: str, padding: str) -> FeatureNetwork:
    """Return lite with the layers and the type of another network; it stays loaded for the next picture."""
    choice = choose_network(LITE.name, layers, compute_type=compute_type)
    return load_network(choice, pooling=pooling, padding=padding)


@contextmanager
def _shown_progress(scene: Scene, run: Run) -> Iterator[OnStep | None]:
    """Show the progress bar of a run, if it has one, and return what to call after each step."""
    if not run.progress:
        yield run.on_step
        return
    from rich.console import Console

    from maskstyle.synthesis.progress import StepBar

    with StepBar(scene.sizes, scene.settings, console=Console(stderr=True), quiet=False) as bar:

        def on_step(step: Step) -> None:
            bar.update(step)
            if run.on_step is not None:
                run.on_step(step)

        yield on_step
        bar.finish()


def _unpainted(scene: Scene, run: Run) -> Result:
    """Return the content image as the result; nothing needs a network."""
    assert scene.content is not None  # without a content image there are no strengths
    network, settings = run.network, scene.settings
    if network is None:
        network = choose_network(settings.network, wanted_layers(settings), compute_type=settings.compute_type)
    synthesis = Synthesis(resize_image(scene.content, scene.sizes[-1]), {}, (), (), 0.0)
    return _result(scene, synthesis, network, run.limits, run)


def _check_optimizers(scene: Scene, limits: Limits) -> None:
    """Raise SettingsError if an optimizer of some size cannot run, before the first size is painted."""
    by_size = settings_by_size(scene.sizes, scene.settings, memory=limits.memory)
    if any(each.optimizer == "adam" for each in by_size):
        check_keras()


def loaded_network(
    network: NetworkChoice | FeatureNetwork | None, settings: Settings, checkpoints: Checkpoints | None = None
) -> FeatureNetwork:
    """Return the loaded network; a network that was loaded before must have the layers of the settings."""
    check_usable()
    layers = wanted_layers(settings)
    if network is None:
        network = choose_network(settings.network, layers, compute_type=settings.compute_type)
    if isinstance(network, NetworkChoice):
        network = load_network(
            resolved_choice(network, checkpoints), pooling=settings.pooling, padding=settings.padding
        )
    missing = [layer for layer in layers if layer not in network.layers]
    if missing:
        raise SettingsError(
            f"the network was loaded for {', '.join(network.layers)}, but the settings need "
            f"{', '.join(missing)}; load it with these layers, or choose other layers"
        )
    return network


def _objective(scene: Scene, extractor: Extractor, size: Size) -> tuple[ObjectiveLike, StyleAtSize | None]:
    """Return the objective of a size, and what it asks of the style."""
    if scene.content is not None and scene.settings.chosen_strength is not None:  # the limits see both images again
        extractor = extractor.keeping([layer for layer, _ in active(scene.settings.content_layers)])
    style = scene.style_at(scene, extractor, size) if scene.settings.style_factor > 0 else None
    terms: list[Term] = []
    visible = scene.layout.visible_at(size)
    if scene.content is not None:
        content = scene.seen_at(size)
        limits = content_limits(extractor, content, scene.layout, scene.styles_at(size), scene.settings)
        terms.append(content_term(extractor, content, scene.settings, limits, alpha=visible))
    if style is not None:
        terms.append(style.term)
    terms.append(total_variation_term(scene.settings, visible))
    if scene.previous is not None:
        terms.append(temporal_term(*scene.previous, size))
    margin = scene.margin_at(size, extractor)
    return extractor.objective(size, terms, free=scene.free_at(size), margin=margin), style


def _result(
    scene: Scene, synthesis: Synthesis, network: FeatureNetwork | NetworkChoice, limits: Limits, run: Run
) -> Result:
    image, alpha = scene.finished(synthesis.image)
    style = synthesis.style
    return Result(
        image=image,
        alpha=alpha,
        technique=scene.technique,
        settings=_as_loaded(scene.settings, network),
        network=network.architecture.name,
        compute_type=network.compute_type,
        weights=network.source,
        limits=limits,
        losses=synthesis.losses,
        steps=synthesis.steps,
        scales=synthesis.scales,
        seconds=synthesis.seconds,
        type_reason=network.type_reason,
        notes=(
            *scene.notes,
            *network.notes,
            *_overridden(scene.settings, network),
            *_unfinished(scene.settings, synthesis, network),
            *(style.notes if style is not None else ()),
        ),
        patches=scene.patches,
        match_map=None if style is None else style.match_map,
        layers=picture_layers(scene, synthesis.image) if run.layers else None,
        seen=synthesis.image if run.seen else None,
    )


def _identity(scene: Scene, network: FeatureNetwork, limits: Limits) -> dict[str, Any]:
    """Return what must agree for a checkpoint to belong to a run."""
    by_size = settings_by_size(scene.sizes, scene.settings, memory=limits.memory)
    optimizers = [f"{each.optimizer} {each.history} {each.learning_rate:g}" for each in by_size]
    return {
        "technique": scene.technique,
        "version of maskstyle": __version__,
        "settings": dataclasses.asdict(_as_loaded(scene.settings, network)),
        **plain(scene.identity),
        "network": network.architecture.name,
        TYPE_IN_IDENTITY: network.compute_type,
        "weights of the network": digest(network.parameters()),
        "sizes": [list(size) for size in scene.sizes],
        "optimizers": optimizers,
    }


def _unfinished(settings: Settings, synthesis: Synthesis, network: FeatureNetwork | NetworkChoice) -> list[str]:
    """Return a note on a picture that was stopped before its network came to the last size."""
    if not settings.underpainted or not synthesis.scales or synthesis.scales[-1].network != LITE.name:
        return []
    return [f"stopped before {network.architecture.name} came to the last size: lite has painted this"]


def _overridden(settings: Settings, network: FeatureNetwork | NetworkChoice) -> list[str]:
    """Return notes on settings that the network of the run replaces, where they are not the default."""
    has: dict[str, str] = {"network": network.architecture.name, "compute_type": network.compute_type}
    if isinstance(network, FeatureNetwork):
        has |= {"pooling": network.pooling, "padding": network.padding}
    usual = Settings()
    return [
        f"`{name}` {wanted} has no effect, as the network of the run has {own}"
        for name, own in has.items()
        if (wanted := getattr(settings, name)) not in (own, getattr(usual, name))
    ]


def _as_loaded(settings: Settings, network: FeatureNetwork | NetworkChoice) -> Settings:
    """Return settings with the pooling and padding of the network: a network that was loaded before keeps its own."""
    if isinstance(network, NetworkChoice):
        return settings
    return settings.changed(pooling=network.pooling, padding=network.padding)
