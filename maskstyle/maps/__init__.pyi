from .annotations.reading import AnnotatedMap as AnnotatedMap
from .annotations.reading import load_annotation as load_annotation
from .colors import MAX_REGIONS as MAX_REGIONS
from .colors import Color as Color
from .colors import RegionKey as RegionKey
from .colors import color_name as color_name
from .colors import distinct_colors as distinct_colors
from .colors import format_color as format_color
from .colors import parse_color as parse_color
from .colors import parse_region as parse_region
from .ignoring import ignore_regions as ignore_regions
from .io import count_colors as count_colors
from .io import find_map_beside as find_map_beside
from .io import fit_map as fit_map
from .io import load_map as load_map
from .io import read_map_pixels as read_map_pixels
from .io import save_map as save_map
from .io import turn_map as turn_map
from .matching import RegionMatch as RegionMatch
from .matching import describe_unmatched as describe_unmatched
from .matching import match_regions as match_regions
from .naming import SAME_COLOR as SAME_COLOR
from .naming import find_listed_regions as find_listed_regions
from .naming import find_named_region as find_named_region
from .naming import find_region as find_region
from .parsing import LEAST_SHARE as LEAST_SHARE
from .parsing import parse_map as parse_map
from .semantic_map import Absorbed as Absorbed
from .semantic_map import LabelMap as LabelMap
from .semantic_map import SemanticMap as SemanticMap
from .semantic_map import describe_absorbed as describe_absorbed
from .semantic_map import describe_reading as describe_reading
from .soft import soft_masks as soft_masks

__all__ = [
    "LEAST_SHARE",
    "MAX_REGIONS",
    "SAME_COLOR",
    "Absorbed",
    "AnnotatedMap",
    "Color",
    "LabelMap",
    "RegionKey",
    "RegionMatch",
    "SemanticMap",
    "color_name",
    "count_colors",
    "describe_absorbed",
    "describe_reading",
    "describe_unmatched",
    "distinct_colors",
    "find_listed_regions",
    "find_map_beside",
    "find_named_region",
    "find_region",
    "fit_map",
    "format_color",
    "ignore_regions",
    "load_annotation",
    "load_map",
    "match_regions",
    "parse_color",
    "parse_map",
    "parse_region",
    "read_map_pixels",
    "save_map",
    "soft_masks",
    "turn_map",
]
