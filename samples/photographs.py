"""The sample photographs, from scikit-image's data, with hand-placed maps and masks."""

import numpy as np
from canvas import smoothstep
from palette import FIGURE, GROUND, HAIR, LIGHT, SKY, WATER
from scipy import ndimage
from skimage import data
from skimage.color import rgb2lab
from skimage.draw import ellipse, polygon2mask
from skimage.segmentation import random_walker

Polygon = tuple[tuple[int, int], ...]

PHOTOGRAPHS = {"astronaut": data.astronaut, "chelsea": data.chelsea, "coffee": data.coffee, "rocket": data.rocket}

# (x, y) corners in pixels of the photograph, back to front; the edges are refined on the photograph later.
ASTRONAUT_FIGURE = (
    (113, 208), (122, 170), (150, 152), (183, 147), (180, 132), (168, 124), (156, 103), (154, 72),
    (163, 50), (190, 36), (208, 20), (237, 16), (262, 25), (288, 44), (301, 78), (297, 112), (281, 132),
    (270, 137), (258, 152), (256, 173), (282, 193), (301, 220), (305, 236), (325, 244), (342, 265),
    (352, 292), (360, 330), (366, 347), (400, 343), (440, 352), (470, 375), (490, 415), (496, 452),
    (505, 470), (511, 490), (511, 511), (28, 511), (22, 470), (18, 400), (26, 350), (38, 300), (50, 265),
    (72, 240), (105, 215),
)  # fmt: skip
ASTRONAUT_HAIR = (
    (187, 150), (180, 132), (168, 124), (156, 103), (154, 72), (163, 50), (190, 36), (208, 20), (237, 16),
    (262, 25), (288, 44), (301, 78), (297, 112), (281, 132), (270, 137), (264, 128), (230, 110), (195, 128),
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
ROCKET_HORIZON = 373  # row above which there is only sky; below, the ground and the dark clouds behind it
ROCKET_TOWERS = (
    ((44, 0), (90, 0), (84, 200), (79, 427), (0, 427), (0, 348), (22, 190)),
    ((196, 123), (204, 123), (205, 250), (202, 400), (166, 400), (180, 290), (189, 190), (195, 188)),
    ((321, 126), (330, 135), (335, 155), (337, 362), (357, 364), (358, 408), (375, 408), (375, 427),
     (267, 427), (267, 408), (287, 406), (288, 364), (308, 362), (309, 155), (313, 135)),
    ((443, 123), (450, 123), (452, 188), (460, 192), (468, 290), (480, 427), (438, 427), (440, 192), (445, 188)),
    ((560, 0), (601, 0), (618, 120), (640, 240), (640, 427), (576, 427), (568, 200)),
)  # fmt: skip
ROCKET_LAMPS = (  # row, column, radius
    (350, 83, 9), (377, 151, 17), (396, 192, 17), (416, 109, 14), (397, 364, 17), (394, 433, 15), (418, 449, 14),
)  # fmt: skip


def photograph_map(name: str) -> np.ndarray:
    """
    Return the semantic map of a photograph.

    Parameters
    ----------
    name : {"astronaut", "chelsea", "coffee", "rocket"}

    Returns
    -------
    (H, W) array of int
        Indices into the palette's table.
    """
    if name == "rocket":
        return _rocket()  # towers of lattice, through which the sky is seen, have no edges to refine
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
        (FIGURE, ASTRONAUT_FIGURE),
        (HAIR, ASTRONAUT_HAIR),
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


def _rocket() -> np.ndarray:
    labels = np.full((427, 640), SKY)
    labels[ROCKET_HORIZON:] = GROUND
    for corners in ROCKET_TOWERS:
        labels[_polygon(labels.shape, corners)] = FIGURE
    for row, column, radius in ROCKET_LAMPS:
        labels[ellipse(row, column, radius, radius, shape=labels.shape)] = LIGHT
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
