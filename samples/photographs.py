"""The sample photographs, from scikit-image's data, with hand-placed maps and masks."""

import numpy as np
from canvas import smoothstep
from palette import FIGURE, GROUND, LIGHT, SKY, WATER
from scipy import ndimage
from skimage import data
from skimage.color import rgb2lab
from skimage.draw import ellipse, polygon2mask
from skimage.segmentation import random_walker

Polygon = tuple[tuple[int, int], ...]

PHOTOGRAPHS = {"astronaut": data.astronaut, "chelsea": data.chelsea, "coffee": data.coffee}

# (x, y) corners in pixels of the photograph, back to front; the edges are refined on the photograph later.
ASTRONAUT_FLAG = (
    (0, 0), (38, 0), (66, 90), (85, 160), (100, 208), (96, 226), (74, 246), (54, 268), (42, 300), (28, 340),
    (18, 395), (20, 440), (28, 470), (38, 511), (0, 511),
)  # fmt: skip
ASTRONAUT_TABLE = ((370, 290), (392, 276), (511, 273), (511, 511), (340, 511), (352, 380), (368, 330))
ASTRONAUT_SHUTTLE = (
    (396, 76), (399, 30), (408, 6), (417, 0), (428, 6), (436, 40), (445, 40), (453, 62), (454, 180),
    (457, 235), (458, 268), (471, 278), (440, 287), (372, 283), (366, 268), (368, 250), (377, 230),
    (355, 228), (356, 207), (377, 180), (383, 100), (381, 55), (387, 42), (394, 60),
)  # fmt: skip
ASTRONAUT_FIGURE = (
    (113, 208), (122, 170), (150, 152), (183, 147), (180, 132), (168, 124), (156, 103), (154, 72),
    (163, 50), (190, 36), (208, 20), (237, 16), (262, 25), (288, 44), (301, 78), (297, 112), (281, 132),
    (270, 137), (258, 152), (256, 173), (282, 193), (301, 220), (305, 236), (325, 244), (342, 265),
    (352, 292), (360, 330), (366, 347), (400, 343), (440, 352), (470, 375), (490, 415), (496, 452),
    (505, 470), (511, 490), (511, 511), (28, 511), (22, 470), (18, 400), (26, 350), (38, 300), (50, 265),
    (72, 240), (105, 215),
)  # fmt: skip
ASTRONAUT_FACE = (
    (184, 80), (200, 72), (228, 78), (262, 88), (268, 100), (271, 122), (279, 128), (270, 137), (262, 145),
    (255, 168), (250, 186), (226, 190), (200, 186), (187, 172), (185, 140), (178, 130), (173, 122),
    (181, 112),
)  # fmt: skip
CHELSEA_FIGURE = (
    (0, 130), (20, 116), (34, 108), (31, 80), (32, 50), (38, 20), (40, 0), (400, 0), (385, 30), (362, 66),
    (350, 78), (358, 110), (360, 140), (352, 170), (335, 190), (318, 215), (313, 240), (300, 258),
    (285, 270), (262, 280), (240, 285), (222, 299), (0, 299),
)  # fmt: skip
CHELSEA_BIB = (
    (50, 170), (90, 190), (135, 205), (150, 232), (175, 252), (215, 270), (245, 277), (262, 280),
    (240, 285), (222, 299), (45, 299), (35, 240), (32, 200),
)  # fmt: skip
CHELSEA_NOSE = (
    (238, 229), (258, 229), (291, 231), (288, 240), (270, 252), (262, 264), (254, 264), (248, 246),
)  # fmt: skip
CHELSEA_EYES = (((115, 170), (30, 34)), ((137, 319), (27, 22)))  # (row, column), (half height, half width)
COFFEE_LIQUID = (
    (204, 140), (215, 118), (235, 102), (265, 95), (300, 95), (335, 105), (358, 122), (370, 148),
    (362, 168), (340, 184), (310, 192), (285, 193), (255, 185), (232, 172), (214, 156),
)  # fmt: skip
COFFEE_SHADE = ((0, 0), (150, 0), (100, 42), (50, 75), (0, 99))
COFFEE_SAUCER = (
    (178, 71), (150, 84), (125, 105), (103, 130), (88, 155), (79, 185), (76, 215), (80, 245), (90, 275),
    (108, 305), (135, 333), (170, 358), (210, 375), (255, 386), (300, 389), (345, 385), (385, 372),
    (420, 350), (447, 322), (465, 290), (476, 255), (479, 225), (474, 195), (462, 165), (445, 140),
    (425, 118), (405, 100), (300, 60),
)  # fmt: skip
COFFEE_HANDLE = (
    (222, 230), (240, 232), (262, 245), (240, 285), (226, 304), (205, 304), (196, 290), (198, 258),
)  # fmt: skip
COFFEE_SPOON = (
    (398, 70), (412, 66), (424, 76), (414, 118), (400, 165), (386, 222), (400, 246), (406, 270), (398, 298),
    (380, 318), (352, 325), (330, 308), (326, 284), (332, 262), (318, 256), (322, 242), (350, 238),
    (370, 232), (380, 205), (404, 120), (398, 90),
)  # fmt: skip


def photograph_map(name: str) -> np.ndarray:
    """
    Return the semantic map of a photograph.

    Parameters
    ----------
    name : {"astronaut", "chelsea", "coffee"}

    Returns
    -------
    (H, W) array of int
        Indices into the palette's table.
    """
    labels = {"astronaut": _astronaut, "chelsea": _chelsea, "coffee": _coffee}[name]()
    return _refine(PHOTOGRAPHS[name](), labels)


def astronaut_mask() -> np.ndarray:
    """
    Return a mask that spares the astronaut's face: 0 on it, rising smoothly to 255 far from it.

    Returns
    -------
    (512, 512) array of uint8
    """
    away = ndimage.distance_transform_edt(~_polygon((512, 512), ASTRONAUT_FACE))
    return np.rint(255 * smoothstep(0, 330, ndimage.gaussian_filter(away, 20)) ** 0.65).astype(np.uint8)


def chelsea_mask() -> np.ndarray:
    """
    Return a mask from 0 at Chelsea's left to 65535 at the right; 16 bits avoid visible steps.

    Returns
    -------
    (300, 451) array of uint16
    """
    return np.tile(np.rint(65535 * smoothstep(20, 430, np.arange(451))).astype(np.uint16), (300, 1))


def _astronaut() -> np.ndarray:
    labels = np.full((512, 512), SKY)
    parts = (
        (GROUND, ASTRONAUT_FLAG),
        (GROUND, ASTRONAUT_TABLE),
        (GROUND, ASTRONAUT_SHUTTLE),
        (FIGURE, ASTRONAUT_FIGURE),
        (LIGHT, ASTRONAUT_FACE),
    )
    for region, corners in parts:
        labels[_polygon(labels.shape, corners)] = region
    return labels


def _chelsea() -> np.ndarray:
    labels = np.full((300, 451), SKY)
    labels[_polygon(labels.shape, CHELSEA_FIGURE)] = FIGURE
    labels[_polygon(labels.shape, CHELSEA_BIB)] = GROUND
    labels[_polygon(labels.shape, CHELSEA_NOSE)] = LIGHT
    for center, radii in CHELSEA_EYES:
        labels[ellipse(*center, *radii)] = LIGHT
    return labels


def _coffee() -> np.ndarray:
    labels = np.full((400, 600), GROUND)
    labels[_polygon(labels.shape, COFFEE_SHADE)] = SKY
    labels[_polygon(labels.shape, COFFEE_SAUCER)] = FIGURE
    labels[_polygon(labels.shape, COFFEE_HANDLE)] = FIGURE
    labels[_polygon(labels.shape, COFFEE_SPOON)] = FIGURE
    labels[ellipse(112, 289, 94, 117, shape=labels.shape)] = LIGHT
    labels[_polygon(labels.shape, COFFEE_LIQUID)] = WATER
    return labels


def _polygon(shape: tuple[int, int], corners: Polygon) -> np.ndarray:
    return polygon2mask(shape, np.array(corners)[:, ::-1])


def _refine(photograph: np.ndarray, labels: np.ndarray, margin: int = 4) -> np.ndarray:
    """Move the edges of hand-placed regions to those of the photograph, by at most `margin` pixels."""
    seeds = np.zeros(labels.shape, int)
    for number, region in enumerate(np.unique(labels), start=1):
        inner = ndimage.binary_erosion(labels == region, iterations=margin, border_value=1)
        seeds[inner] = number
    walked = random_walker(rgb2lab(photograph), seeds, beta=60, mode="bf", channel_axis=-1)
    return _smooth(np.unique(labels)[walked - 1])


def _smooth(labels: np.ndarray, size: float = 2.0) -> np.ndarray:
    """Smooth jagged edges: each pixel takes the dominant region around it."""
    regions = np.unique(labels)
    shares = [ndimage.gaussian_filter((labels == region).astype(float), size) for region in regions]
    return regions[np.argmax(shares, axis=0)]
