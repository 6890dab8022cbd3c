"""Basic transfer: initial images, blends, sizes, colors, alpha, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image
from small_scenes import CONTENT, LAYERS, OTHER, SETTINGS, STYLE

from maskstyle import Run, StyleImage, transfer_basic
from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.color import lightness_only, match_colors, match_lightness, with_content_chroma
from maskstyle.images.pixels import resize_image

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network(LAYERS)


def transfer(network, content=CONTENT, style=STYLE, *, settings=SETTINGS, should_stop=None, **others):
    """Return the result and every step."""
    steps = []
    run = Run(network, on_step=steps.append, should_stop=should_stop)
    return transfer_basic(content, style, settings=settings, run=run, **others), steps


def first_image(network, **changes):
    return transfer(network, settings=SETTINGS.changed(steps=1, **changes))[1][0].image


def test_initial_images(network):
    assert_array_equal(first_image(network, init="content"), CONTENT)
    assert_array_equal(first_image(network, init="style"), resize_image(STYLE, (12, 16)))
    noise = first_image(network, init="noise", seed=5)
    assert_array_equal(noise, first_image(network, init="noise", seed=5))
    assert not np.array_equal(noise, first_image(network, init="noise", seed=6))


def test_an_initial_image_overrides_init(network):
    initial = random_image(7, 6, 8)
    result, steps = transfer(network, initial=initial, settings=SETTINGS.changed(init="noise"))
    assert_array_equal(steps[0].image, resize_image(initial, (12, 16)))
    assert result.settings.init == "image"


def test_continuing_from_a_result_starts_where_it_ended(network):
    first, _ = transfer(network)
    _, steps = transfer(network, initial=first.image)
    assert steps[0].losses == pytest.approx(first.losses, rel=1e-5)


def test_without_styles_weight_only_the_content_counts(network):
    settings = SETTINGS.changed(style_weight=0, tv_weight=0, content_weight=1.0)
    result, _steps = transfer(network, settings=settings)
    assert list(result.losses) == ["content"]
    assert result.losses["content"] == pytest.approx(0, abs=1e-9)
    assert_allclose(result.image, CONTENT, atol=1e-6)


def test_a_share_of_0_leaves_a_style_out(network):
    single, _ = transfer(network)
    first, _ = transfer(network, style=[STYLE, OTHER], style_shares=[1, 0])
    assert_array_equal(first.image, single.image)
    second, _ = transfer(network, style=[OTHER, STYLE], style_shares=[0, 7])
    assert_allclose(second.image, single.image, atol=1e-5)
    assert second.losses == pytest.approx(single.losses, rel=1e-4)


def test_shares_matter_and_default_to_equal(network):
    equal, steps = transfer(network, style=[STYLE, OTHER])
    same, _ = transfer(network, style=(STYLE, OTHER), style_shares=[2, 2])
    assert_array_equal(equal.image, same.image)
    _, uneven = transfer(network, style=[STYLE, OTHER], style_shares=[3, 1])
    assert uneven[0].losses["style"] != pytest.approx(steps[0].losses["style"], rel=1e-3)


def test_no_alpha_stays_none(network):
    assert transfer(network)[0].alpha is None


def test_alpha_is_carried_and_resized(network):
    alpha = np.zeros((12, 16), np.float32)
    alpha[:, 8:] = 1.0
    assert_array_equal(transfer(network, alpha=alpha)[0].alpha, alpha)
    resized = transfer(network, alpha=alpha, settings=SETTINGS.changed(size=32, steps=1))[0]
    assert resized.image.shape == (24, 32, 3)
    assert resized.alpha.shape == (24, 32)
    assert resized.alpha[:, :12].max() < 0.01
    assert resized.alpha[:, 20:].min() > 0.99


def test_an_opaque_alpha_is_none(network):
    opaque, plain = transfer(network, alpha=np.ones((12, 16), np.float32))[0], transfer(network)[0]
    assert_array_equal(opaque.image, plain.image)
    assert opaque.alpha is None


@pytest.mark.parametrize(
    "alpha",
    [
        *(np.zeros(size, np.float32) for size in [(12, 16, 1), (12,), (6, 8)]),
        np.full((12, 16), 255, np.uint16),
        np.full((12, 16), np.nan, np.float32),
    ],
)
def test_alpha_that_does_not_fit_is_refused_before_the_work(network, alpha):
    steps = []
    with pytest.raises(ImageError, match="alpha"):
        transfer_basic(CONTENT, STYLE, alpha=alpha, settings=SETTINGS, run=Run(network, on_step=steps.append))
    assert not steps


def test_size(network):
    result, steps = transfer(network, settings=SETTINGS.changed(size=24))
    assert result.image.shape == (18, 24, 3)
    assert steps[0].size == (18, 24)


def test_scales(network):
    result, steps = transfer(network, settings=SETTINGS.changed(scales=3))
    assert [(step.scale, step.size) for step in steps] == [
        (scale, size) for scale, size in ((1, (3, 4)), (2, (6, 8)), (3, (12, 16))) for _ in range(2)
    ]
    assert [report.size for report in result.scales] == [(3, 4), (6, 8), (12, 16)]
    assert result.image.shape == CONTENT.shape


def test_content_colors_are_the_plain_result_with_the_contents_chroma(network):
    plain, _ = transfer(network, settings=SETTINGS.changed(denoise=0.1))
    colored, _ = transfer(network, settings=SETTINGS.changed(denoise=0.1, color="content"))
    assert_array_equal(colored.image, with_content_chroma(plain.image, CONTENT))
    assert colored.losses == plain.losses


def test_matched_colors_are_a_transfer_of_the_matched_style(network):
    matched, _ = transfer(network, settings=SETTINGS.changed(color="match", init="style"))
    by_hand, _ = transfer(network, style=match_colors(STYLE, CONTENT), settings=SETTINGS.changed(init="style"))
    assert_array_equal(matched.image, by_hand.image)


@pytest.mark.parametrize("init", ["content", "noise", "image"])
def test_luminance_is_a_transfer_in_gray(network, init):
    initial = random_image(9, 12, 16) if init == "image" else None
    settings = SETTINGS.changed(init="content" if init == "image" else init, color="luminance")
    result, steps = transfer(network, settings=settings, initial=initial)
    assert_array_equal(steps[0].image[..., 0], steps[0].image[..., 1])
    if init == "content":
        gray, _ = transfer(
            network,
            lightness_only(CONTENT),
            match_lightness(STYLE, CONTENT),
            settings=SETTINGS.changed(init="content"),
        )
        assert_allclose(result.image, with_content_chroma(gray.image, CONTENT), atol=1e-3)
    assert result.settings.color == "luminance"


def test_denoise(network):
    plain, _ = transfer(network)
    smooth, _ = transfer(network, settings=SETTINGS.changed(denoise=0.5))
    assert smooth.losses == plain.losses
    assert smooth.image.std() < plain.image.std()


def test_should_stop(network):
    result, steps = transfer(network, settings=SETTINGS.changed(scales=2), should_stop=lambda: True)
    assert len(steps) == 1
    assert result.stopped_because == "interrupted"
    assert result.image.shape == (6, 8, 3)


@pytest.mark.parametrize("role", ["content image", "style image", "initial image"])
@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((12, 16), np.float32), "shape"),
        (np.zeros((12, 16, 3), np.uint16), "uint16"),
        (np.full((12, 16, 3), np.nan, np.float32), "NaN"),
        (np.full((12, 16, 3), 1.5, np.float32), "1.5"),
        (np.full((12, 16, 3), -1.5, np.float32), "-1.5"),
    ],
)
def test_bad_images_are_named(network, role, image, message):
    given = {"content image": CONTENT, "style image": STYLE, "initial image": CONTENT} | {role: image}
    with pytest.raises(ImageError, match=f"(the {role}|`{role.split()[0]}`) has .*{message}"):
        transfer(network, given["content image"], given["style image"], initial=given["initial image"])


def test_no_style_a_class_and_bad_shares(network):
    with pytest.raises(SettingsError, match="no style image"):
        transfer(network, style=[])
    with pytest.raises(ImageError, match="`style` is of type type; expected an image"):
        transfer(network, style=StyleImage)
    with pytest.raises(SettingsError, match="there are 1 style images but 2 shares; give one for each"):
        transfer(network, style_shares=[1, 2])


def test_init_image_without_one(network):
    with pytest.raises(SettingsError, match="no initial image was given"):
        transfer(network, settings=SETTINGS.changed(init="image"))


def test_images_too_small_for_the_layers(network):
    with pytest.raises(SettingsError, match=r"9x1, .*the layers need at least 2 pixels"):
        transfer(network, content=random_image(0, 1, 9))
    for shape in ((1, 20), (1, 1), (3, 3)):
        with pytest.raises(ImageError, match=rf"style image is {shape[1]}x{shape[0]} .* at least 4 on each side"):
            transfer(network, style=random_image(0, *shape))


def test_a_run_shows_its_progress_on_request_and_still_calls_back(network, capsys):
    steps = []
    transfer_basic(CONTENT, STYLE, settings=SETTINGS, run=Run(network, on_step=steps.append, progress=True))
    assert "step" in capsys.readouterr().err
    transfer_basic(CONTENT, STYLE, settings=SETTINGS.changed(steps=1), run=Run(network))
    assert steps
    assert capsys.readouterr().err == ""


def test_a_strength_of_0_needs_no_network(monkeypatch):
    monkeypatch.setattr("maskstyle.synthesis.paint.load_network", None)
    result = transfer_basic(
        CONTENT, STYLE, settings=SETTINGS.changed(style_weight=None, strength=0.0, network="lite")
    )
    assert_array_equal(result.image, CONTENT)
    assert (result.network, result.stopped_because) == ("lite", "unpainted")
