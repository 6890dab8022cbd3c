from .comparison import EvaluatedRegion
from .distances import Untouched
from .evaluate import evaluate_regions
from .heatmap import draw_heatmap
from .map_check import CheckedMap, MapRegion, MapReport, check_maps
from .map_preview import draw_overlay, draw_preview
from .result import Evaluation

__all__ = [
    "CheckedMap",
    "EvaluatedRegion",
    "Evaluation",
    "MapRegion",
    "MapReport",
    "Untouched",
    "check_maps",
    "draw_heatmap",
    "draw_overlay",
    "draw_preview",
    "evaluate_regions",
]
