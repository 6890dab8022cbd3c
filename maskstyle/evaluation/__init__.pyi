from .comparison import EvaluatedRegion
from .distances import Untouched
from .evaluate import evaluate_regions
from .heatmap import draw_heatmap
from .map_check import CheckedMap, MapRegion, MapReport, check_map, check_maps
from .map_preview import draw_map_preview, draw_overlay, draw_preview
from .result import Evaluation

__all__ = [
    "CheckedMap",
    "EvaluatedRegion",
    "Evaluation",
    "MapRegion",
    "MapReport",
    "Untouched",
    "check_map",
    "check_maps",
    "draw_heatmap",
    "draw_map_preview",
    "draw_overlay",
    "draw_preview",
    "evaluate_regions",
]
