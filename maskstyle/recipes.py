"""Named settings from the literature, exact where their source is, and the project's own.

A recipe is data: a `Settings` with a title and a source. Every field can be overridden. Two things hold for
all of them: the image stays inside [0, 1], and a step is one evaluation of loss and gradient, of which
L-BFGS makes about one for each of its iterations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maskstyle.errors import SettingsError
from maskstyle.settings import DOODLE_SETTINGS, PATCH_TRANSFER_SETTINGS, LayerMix, Settings, without_content

FIRST_LAYERS = ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1")
"""First layer of each block, the style layers of most of the literature."""

OF_CONTENT = ("content_weight", "content_layers", "content_reduction")
"""The settings that say nothing where there is no content."""

WITHOUT_EFFECT: Mapping[str, tuple[str, ...]] = {
    "basic": ("propagation", "mask_exponent"),
    "region": ("mask_exponent",),
    "mask": ("propagation",),
    "patch": ("propagation", "mask_exponent"),
    "doodle": (*OF_CONTENT, "mask_exponent", "color"),
}
"""Settings that do nothing, by command: commands leave their options out of the help, and refuse them."""


@dataclass(frozen=True)
class Recipe:
    """Settings with a name and a source.

    Parameters
    ----------
    name : str
        What ``--recipe`` calls it.
    title : str
        What it is, in a few words.
    source : str
        Where it comes from, and what is not as there.
    settings : Settings
        The settings.
    snapshot_every : int
        Steps between the snapshots of the source; 0: none.
    """

    name: str
    title: str
    source: str
    settings: Settings
    snapshot_every: int = 0


def _equal(layers: tuple[str, ...], total: float = 1.0) -> LayerMix:
    return tuple((layer, total / len(layers)) for layer in layers)


def _default() -> Recipe:
    return Recipe(
        "default",
        "the project's own: relative distances, VGG19 blocks 1 to 3",
        "Chosen by measurement and by looking (docs/choosing-the-defaults.md). It rests on the layers of "
        "blocks 1 to 3 because those are what it could be measured on.",
        Settings(),
    )


def _gatys2016() -> Recipe:
    """Return the settings of Gatys, Ecker and Bethge, CVPR 2016.

    Content: half the sum of squares at block4_conv2. Style: ``sum((G - A)^2) / (4 N^2 M^2)`` with Grams that
    are sums over pixels, at the first layer of each block with weight 1/5. Average pooling; L-BFGS from white
    noise; content to style 1e-3, as in the paper's figures 3B, 5 and 6; the style resized to the content's
    size. The paper rescales VGG19 so that the mean activation of each filter is 1, these are the weights as
    published; it does not give the number of iterations, 500 is that of the authors' own notebooks.
    """
    return Recipe(
        "gatys2016",
        "Gatys, Ecker and Bethge: the original",
        "Gatys, Ecker and Bethge, 'Image Style Transfer Using Convolutional Neural Networks', CVPR 2016; with "
        "VGG19's published weights instead of rescaled ones, and 500 steps as in the authors' notebooks.",
        Settings(
            network="vgg19",
            padding="zero",
            noise_contrast=1.0,
            pooling="average",
            content_layers=(("block4_conv2", 1.0),),
            style_layers=_equal(FIRST_LAYERS),
            content_weight=1e-3,
            style_weight=1.0,
            tv_weight=0.0,
            content_reduction="half_sum",
            gram_normalization="none",
            style_reduction="gatys",
            style_fit="stretch",
            scales=1,
            step_decay=0.0,
            optimizer="lbfgs",
            steps=500,
            tolerance=0.0,
            history=10,
            init="noise",
        ),
    )


def _fernandes() -> Recipe:
    """Return the settings of Fernandes' write-up of five techniques.

    Content: mean of squares at block4_conv2. Style: mean of squares of Grams at block2_conv1 and block3_conv1,
    half each; the Gram divided by the number of pixels, or by the sum of the mask where features are
    multiplied by a mask (w = m^2), as the write-up asks for though its scripts do not divide. Weights 5, 25
    and 1; total variation ``mean((dx^2 + dy^2)^1.25)`` on [0, 1]; L-BFGS with 200 iterations from the content.
    """
    return Recipe(
        "fernandes",
        "Fernandes: two style layers, masks multiply features",
        "A. Fernandes, 'Artistic Style Transfer with TensorFlow' (write-up and scripts); Grams divided by "
        "pixel count or mask sum as the text says, where the scripts do not divide.",
        Settings(
            network="vgg19",
            padding="zero",
            noise_contrast=1.0,
            content_layers=(("block4_conv2", 1.0),),
            style_layers=_equal(("block2_conv1", "block3_conv1")),
            content_weight=5.0,
            style_weight=25.0,
            tv_weight=1.0,
            content_reduction="mean",
            style_reduction="mean",
            tv_exponent=1.25,
            mask_exponent=2.0,
            scales=1,
            step_decay=0.0,
            optimizer="lbfgs",
            steps=200,
            tolerance=0.0,
            history=10,
            init="content",
        ),
    )


def _surma2019() -> Recipe:
    """Return the settings of Surma, 2019.

    Both images get the same shape. Content: sum of squares at block2_conv2 times 0.02. Style:
    ``sum((G - A)^2) / (4 3^2 P^2)`` with Grams that are sums over pixels and P the pixels of the image, at the
    same divisor in every layer, times 4.5 / 5 each. Total variation ``sum((dx^2 + dy^2)^1.25)`` on 0..255 times
    0.995. L-BFGS, 10 rounds of 20 evaluations, an output each, from noise. The source subtracts the means of
    red and blue swapped; here they are right.
    """
    return Recipe(
        "surma2019",
        "Surma: VGG16, shallow content, total variation",
        "G. Surma, 'Style Transfer - Styling Images with Convolutional Neural Networks', 2019, and its "
        "notebook; with the color means the right way round.",
        Settings(
            network="vgg16",
            padding="zero",
            noise_contrast=1.0,
            content_layers=(("block2_conv2", 1.0),),
            style_layers=_equal(("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3")),
            content_weight=0.02,
            style_weight=4.5,
            tv_weight=0.995,
            content_reduction="sum",
            gram_normalization="none",
            style_reduction="chollet",
            tv_exponent=1.25,
            tv_reduction="sum",
            pixel_range=255.0,
            style_fit="stretch",
            scales=1,
            step_decay=0.0,
            optimizer="lbfgs",
            steps=200,
            tolerance=0.0,
            history=10,
            init="noise",
        ),
        snapshot_every=20,
    )


def _carter2021() -> Recipe:
    """Return the settings of Carter, 2021.

    Content: mean of squares at block5_conv2. Style: mean of squares of Grams divided by the number of pixels,
    at the first layer of each block with weight 1/5. Adam with rate 5 on 0..255 pixels, beta_1 0.99, epsilon
    1e-1; 1000 steps, a snapshot every 200; the result denoised by non-local means. The weights, which the
    source leaves open here, are the 1e3 and 1e-2 of the TensorFlow tutorial of the same settings, and the
    denoising strength 0.1 is scikit-image's default.
    """
    return Recipe(
        "carter2021",
        "Carter: Adam on 0..255 pixels, denoised",
        "Carter, 2021; content and style weights 1e3 and 1e-2 as in TensorFlow's eager style transfer "
        "tutorial, from which the rest of the settings are known.",
        Settings(
            network="vgg19",
            padding="zero",
            noise_contrast=1.0,
            content_layers=(("block5_conv2", 1.0),),
            style_layers=_equal(FIRST_LAYERS),
            content_weight=1e3,
            style_weight=1e-2,
            tv_weight=0.0,
            content_reduction="mean",
            style_reduction="mean",
            pixel_range=255.0,
            scales=1,
            step_decay=0.0,
            optimizer="adam",
            steps=1000,
            tolerance=0.0,
            learning_rate=5.0,
            beta_1=0.99,
            epsilon=1e-1,
            init="content",
            denoise=0.1,
        ),
        snapshot_every=200,
    )


def _ghorpade2021() -> Recipe:
    """Return the settings of Ghorpade, Pradhan and Pal, 2021.

    Content: half the sum of squares at block4_conv3. Style: ``sum((G - A)^2) / (4 N^2 M^2)`` with Grams that
    are sums over pixels, at the first layer of each block with weight 1/5. Content to style 1e-3 (1e-4 is the
    paper's other choice). Adam with rate 0.01 and beta_1 0.99 on [0, 1] from white noise; 450 steps.
    """
    return Recipe(
        "ghorpade2021",
        "Ghorpade, Pradhan and Pal: VGG16 from white noise",
        "Ghorpade, Pradhan and Pal, 'Generating Artistic Styles using Neural Style Transfer', IJERT 10(6), "
        "2021; the range [0, 1] of its learning rate is inferred from its size.",
        Settings(
            network="vgg16",
            padding="zero",
            noise_contrast=1.0,
            content_layers=(("block4_conv3", 1.0),),
            style_layers=_equal(FIRST_LAYERS),
            content_weight=1e-3,
            style_weight=1.0,
            tv_weight=0.0,
            content_reduction="half_sum",
            gram_normalization="none",
            style_reduction="gatys",
            style_fit="stretch",
            scales=1,
            step_decay=0.0,
            optimizer="adam",
            steps=450,
            tolerance=0.0,
            learning_rate=0.01,
            beta_1=0.99,
            epsilon=1e-7,
            init="noise",
        ),
    )


RECIPES = {
    recipe.name: recipe
    for recipe in (_default(), _gatys2016(), _fernandes(), _surma2019(), _carter2021(), _ghorpade2021())
}
"""The recipes by name."""


def find_recipe(name: str) -> Recipe:
    """Return a recipe by name, or raise SettingsError with the names there are."""
    if name not in RECIPES:
        raise SettingsError(f"there is no recipe {name!r}; the recipes are {', '.join(RECIPES)}")
    return RECIPES[name]


def recipe_settings(name: str, command: str) -> Settings:
    """Return a recipe's settings as a command takes them: patches and doodles have defaults of their own.

    Parameters
    ----------
    name : str
        The recipe.
    command : str
        The command, or the technique of a plan.

    Examples
    --------
    >>> recipe_settings("default", "doodle").content_weight
    0.0
    """
    settings = find_recipe(name).settings
    if command == "patch":
        return PATCH_TRANSFER_SETTINGS if name == "default" else settings
    if command == "doodle":
        return DOODLE_SETTINGS if name == "default" else without_content(settings)
    return settings
