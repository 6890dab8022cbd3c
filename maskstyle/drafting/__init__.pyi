from .draft import MOST_REGIONS as MOST_REGIONS
from .draft import color_map_like as color_map_like
from .draft import draft_map as draft_map
from .scribbles import load_scribbles as load_scribbles
from .segmentation import Segments as Segments
from .segmentation import find_segments as find_segments

__all__ = ["MOST_REGIONS", "Segments", "color_map_like", "draft_map", "find_segments", "load_scribbles"]
