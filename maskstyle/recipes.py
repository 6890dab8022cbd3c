"""Recipes: named settings that reproduce the literature, and the project's own defaults.

A recipe is a `Settings` with a title and a source; every field can be overridden. All recipes differ from their
sources in two ways: pixels stay in [0, 1], and a step is one evaluation of loss and gradient (L-BFGS needs about one
evaluation per iteration).
"""

from __future__ import annotations

from dataclasses import dataclass

from maskstyle.errors import SettingsError
from maskstyle.settings import LayerMix, Settings

FIRST_LAYERS = ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1")
"""The first layer of each block: the usual style layers in the literature."""


@dataclass(frozen=True)
class Recipe:
    """Settings with a name and a source.

    Parameters
    ----------
    name : str
        Its name for ``--recipe``.
    title : str
        A description in a few words.
    source : str
        The source, and the differences from it.
    settings : Settings
        Its settings.
    snapshot_every : int
        Steps between the snapshots of the source; 0: none.
    """

    name: str
    title: str
    source: str
    settings: Settings
    snapshot_every: int = 0


def _equal(layers: tuple[str, ...]) -> LayerMix:
    return tuple((layer, 1 / len(layers)) for layer in layers)


def _default() -> Recipe:
    return Recipe(
        "default",
        "the project's own: a strength, relative distances, all blocks of VGG19",
        "Chosen by measurement and by eye (docs/background/choosing-the-defaults.md).",
        Settings(),
    )


def _gatys2016() -> Recipe:
    """Return the settings of Gatys, Ecker and Bethge, CVPR 2016.

    Content loss: half the sum of squares at block4_conv2. Style loss: ``sum((G - A)^2) / (4 N^2 M^2)`` at the first
    layer of each block with weight 1/5, with Gram matrices that sum over pixels. Average pooling; L-BFGS from white
    noise; content to style weight 1e-3, as in figures 3B, 5 and 6 of the paper; the style image stretched to the
    content image's size. Two differences: the paper rescales VGG19 to a mean activation of 1 per filter, this recipe
    uses the published weights; and the paper gives no number of iterations, 500 comes from the authors' notebooks.
    """
    return Recipe(
        "gatys2016",
        "Gatys, Ecker and Bethge: the original",
        "Gatys, Ecker and Bethge, 'Image Style Transfer Using Convolutional Neural Networks', CVPR 2016; with "
        "VGG19's published weights instead of rescaled weights, and 500 steps as in the authors' notebooks.",
        Settings(
            network="vgg19",
            underpainting="none",
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
    """Return the settings of Fernandes' write-up on five techniques.

    Content loss: mean of squares at block4_conv2. Style loss: mean of squares between Gram matrices at block2_conv1
    and block3_conv1, weight 1/2 each. Features are multiplied by the mask (w = m^2). Gram matrices are divided by the
    number of pixels or the sum of the mask, as in the text; the scripts do not divide. Weights 5, 25 and 1; total
    variation ``mean((dx^2 + dy^2)^1.25)`` on [0, 1]; 200 iterations of L-BFGS from the content image.
    """
    return Recipe(
        "fernandes",
        "Fernandes: two style layers, masks multiply features",
        "A. Fernandes, 'Artistic Style Transfer with TensorFlow' (write-up and scripts); Gram matrices divided by "
        "the number of pixels or the mask's sum, as in the text but not in the scripts.",
        Settings(
            network="vgg19",
            underpainting="none",
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

    Both images have the same shape. Content loss: sum of squares at block2_conv2, times 0.02. Style loss:
    ``sum((G - A)^2) / (4 3^2 P^2)`` with Gram matrices that sum over pixels and P the pixels of the image, the same
    divisor in every layer, times 4.5 / 5 each. Total variation: ``sum((dx^2 + dy^2)^1.25)`` on 0..255, times 0.995.
    L-BFGS from noise, 10 rounds of 20 evaluations with an output each. The source swaps the means of red and blue;
    this recipe does not.
    """
    return Recipe(
        "surma2019",
        "Surma: VGG16, shallow content, total variation",
        "G. Surma, 'Style Transfer - Styling Images with Convolutional Neural Networks', 2019, and its "
        "notebook; with the means of red and blue corrected.",
        Settings(
            network="vgg16",
            underpainting="none",
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

    Content loss: mean of squares at block5_conv2. Style loss: mean of squares between Gram matrices divided by the
    number of pixels, at the first layer of each block with weight 1/5. Adam with rate 5 on 0..255 pixels, beta_1
    0.99, epsilon 1e-1; 1000 steps, a snapshot every 200; the result denoised by non-local means. The source leaves
    the weights open: 1e3 and 1e-2 come from the TensorFlow tutorial with the same settings. The denoising strength
    0.1 is scikit-image's default.
    """
    return Recipe(
        "carter2021",
        "Carter: Adam on 0..255 pixels, denoised",
        "Carter, 2021; content and style weights 1e3 and 1e-2 as in TensorFlow's eager style transfer "
        "tutorial, which shares the other settings.",
        Settings(
            network="vgg19",
            underpainting="none",
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

    Content loss: half the sum of squares at block4_conv3. Style loss: ``sum((G - A)^2) / (4 N^2 M^2)`` at the first
    layer of each block with weight 1/5, with Gram matrices that sum over pixels. Content to style weight 1e-3 (the
    paper also uses 1e-4). Adam with rate 0.01 and beta_1 0.99 on [0, 1] from white noise; 450 steps.
    """
    return Recipe(
        "ghorpade2021",
        "Ghorpade, Pradhan and Pal: VGG16 from white noise",
        "Ghorpade, Pradhan and Pal, 'Generating Artistic Styles using Neural Style Transfer', IJERT 10(6), "
        "2021; the pixel range [0, 1] is inferred from the learning rate.",
        Settings(
            network="vgg16",
            underpainting="none",
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
    """Return a recipe by name.

    Raises
    ------
    SettingsError
        If there is no such recipe; the message lists the names.

    Examples
    --------
    >>> find_recipe("gatys2016").settings.steps
    500
    """
    if name not in RECIPES:
        raise SettingsError(f"there is no recipe {name!r}; the recipes are {', '.join(RECIPES)}")
    return RECIPES[name]
