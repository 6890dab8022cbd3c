"""Basic transfer: starts, blends, sizes, alpha, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image

from maskstyle.errors import ImageError, NumericalError, SettingsError, WeightsError
from maskstyle.images.color import lightness_only, match_colors, match_lightness, with_content_chroma
from maskstyle.images.pixels import resize_image
from maskstyle.settings import Settings
from maskstyle.techniques import basic
from maskstyle.techniques.basic import transfer_basic

CONTENT, STYLE, OTHER = random_image(1, 12, 16), random_image(2, 16, 10) ** 2, random_image(3, 9, 16)
pytestmark = pytest.mark.usefixtures("eagerly")

LAYERS = ("block1_conv1", "block2_conv1")
SETTINGS = Settings(
    content_layers=(("block2_conv1", 1.0),),
    style_layers=(("block1_conv1", 1.0), ("block2_conv1", 1.0)),
    compute_type="float32",
    scales=1,
    steps=2,
    tolerance=0.0,
    seed=3,
)


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network(LAYERS)


def transfer(network, content=CONTENT, style=STYLE, *, settings=SETTINGS, **others):
    """Return the result and every step."""
    steps = []
    result = transfer_basic(content, style, settings=settings, network=network, on_step=steps.append, **others)
    return result, steps


def first_image(network, **changes):
    return transfer(network, settings=SETTINGS.changed(steps=1, **changes))[1][0].image


def test_starts(network):
    assert_array_equal(first_image(network, init="content"), CONTENT)
    assert_array_equal(first_image(network, init="style"), resize_image(STYLE, (12, 16)))
    noise = first_image(network, init="noise", seed=5)
    assert_array_equal(noise, first_image(network, init="noise", seed=5))
    assert not np.array_equal(noise, first_image(network, init="noise", seed=6))


def test_an_image_to_start_from_overrides_init(network):
    initial = random_image(7, 6, 8)
    result, steps = transfer(network, initial=initial, settings=SETTINGS.changed(init="noise"))
    assert_array_equal(steps[0].image, resize_image(initial, (12, 16)))
    assert result.settings.init == "image"


def test_continuing_from_a_result_goes_on_where_it_ended(network):
    first, _ = transfer(network)
    _, steps = transfer(network, initial=first.image)
    assert steps[0].losses == pytest.approx(first.losses, rel=1e-5)


def test_without_styles_weight_only_the_content_counts(network):
    settings = SETTINGS.changed(style_weight=0, tv_weight=0, content_weight=1.0)
    result, steps = transfer(network, settings=settings)
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
    assert resized.alpha[:, :12].max() < 0.01 and resized.alpha[:, 20:].min() > 0.99


def test_alpha_does_not_touch_the_picture(network):
    alpha = np.zeros((12, 16), np.float32)
    assert_array_equal(transfer(network, alpha=alpha)[0].image, transfer(network)[0].image)


@pytest.mark.parametrize("size", [(12, 16, 1), (12,), (6, 8)])
def test_alpha_that_does_not_fit_is_refused_before_the_work(network, size):
    steps = []
    with pytest.raises(ImageError, match="alpha"):
        transfer_basic(
            CONTENT,
            STYLE,
            alpha=np.zeros(size, np.float32),
            settings=SETTINGS,
            network=network,
            on_step=steps.append,
        )
    assert not steps


@pytest.mark.parametrize("alpha", [np.full((12, 16), 255, np.uint8), np.full((12, 16), np.nan, np.float32)])
def test_alpha_that_is_no_mask_is_refused(network, alpha):
    with pytest.raises(ImageError, match="alpha"):
        transfer(network, alpha=alpha)


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


def style_sizes(monkeypatch, network, **changes):
    """Return the sizes at which the style is looked at."""
    seen = []
    original = basic.style_guide

    def spy(loaded, styles, *others):
        seen.extend(style.shape[:2] for style in styles)
        return original(loaded, styles, *others)

    monkeypatch.setattr(basic, "style_guide", spy)
    transfer(network, settings=SETTINGS.changed(steps=1, **changes))
    return seen


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"style_fit": "keep"}, [(16, 10)]),
        ({"style_fit": "stretch"}, [(12, 16)]),
        ({"style_fit": "stretch", "size": 32}, [(24, 32)]),
        ({"style_fit": "keep", "style_scale": 2.0}, [(32, 20)]),
        ({"style_fit": "keep", "scales": 2}, [(8, 5), (16, 10)]),
    ],
)
def test_the_style_follows_the_results_size(monkeypatch, network, changes, expected):
    assert style_sizes(monkeypatch, network, **changes) == expected


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
        gray = transfer_basic(
            lightness_only(CONTENT), match_lightness(STYLE, CONTENT), settings=SETTINGS, network=network
        )
        assert_array_equal(result.image, with_content_chroma(gray.image, CONTENT))
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
        (np.zeros((12, 16, 3), np.uint8), "uint8"),
        (np.full((12, 16, 3), np.nan, np.float32), "nan"),
        (np.full((12, 16, 3), 1.5, np.float32), "1.5"),
        (np.full((12, 16, 3), -1.5, np.float32), "-1.5"),
    ],
)
def test_bad_images_are_named(network, role, image, message):
    given = {"content image": CONTENT, "style image": STYLE, "initial image": CONTENT} | {role: image}
    with pytest.raises(ImageError, match=f"the {role} has .*{message}"):
        transfer(network, given["content image"], given["style image"], initial=given["initial image"])


def test_no_style_and_bad_shares(network):
    with pytest.raises(SettingsError, match="no style image"):
        transfer(network, style=[])
    with pytest.raises(SettingsError, match="1 styles but 2 style weights"):
        transfer(network, style_shares=[1, 2])


def test_init_image_without_one(network):
    with pytest.raises(SettingsError, match="no initial image was given"):
        transfer(network, settings=SETTINGS.changed(init="image"))


def test_images_too_small_for_the_layers(network):
    with pytest.raises(SettingsError, match="1x9 .*the layers need at least 2 pixels"):
        transfer(network, content=random_image(0, 1, 9))
    with pytest.raises(SettingsError, match="style image of 1x20 would be used at 1x16"):
        transfer(network, style=random_image(0, 1, 20))


def test_a_loaded_network_must_have_the_layers(network):
    settings = SETTINGS.changed(content_layers=(("block3_conv1", 1.0),))
    with pytest.raises(
        SettingsError, match="loaded for block1_conv1, block2_conv1, but the settings need block3_conv1"
    ):
        transfer(network, settings=settings)


def test_without_weights_on_this_machine():
    with pytest.raises(WeightsError, match="no weights of vgg19 were found"):
        transfer_basic(CONTENT, STYLE, settings=SETTINGS.changed(network="vgg19"))
    result = transfer_basic(CONTENT, STYLE, settings=SETTINGS)
    assert (result.network, result.settings.network) == ("lite", "auto")
    assert np.isfinite(list(result.losses.values())).all() and result.losses["style"] > 0


def test_weights_are_found_as_the_settings_say(monkeypatch, random_vgg19_weights):
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(random_vgg19_weights.parent))
    result = transfer_basic(CONTENT, STYLE, settings=SETTINGS.changed(steps=1))
    assert (result.network, result.compute_type) == ("vgg19", "float32")


def test_a_broken_loss_carries_the_image(tiny_network, monkeypatch):
    broken = tiny_network(LAYERS)
    monkeypatch.setattr(type(broken), "_pool", lambda self, features: features[:, ::2, ::2] * np.nan)
    with pytest.raises(NumericalError) as caught:
        transfer(broken)
    assert_array_equal(caught.value.image, CONTENT)
