"""The files of maps and masks that follow the first frame's."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ExifTags, Image

pytest.importorskip("cv2")

from maskstyle.batch.followed import FollowedFiles
from maskstyle.motion.flow import Motion
from maskstyle.plans.load import load_plan
from maskstyle.plans.read import read_plan

SIZE = (24, 40)
STILL = Motion(np.zeros((*SIZE, 2), np.float32), np.ones(SIZE, np.bool_))
NOW = np.full((*SIZE, 3), 0.5, np.float32)
