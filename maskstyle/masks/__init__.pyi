from .combining import MASK_OPERATIONS as MASK_OPERATIONS
from .combining import combine_masks as combine_masks
from .combining import normalize_masks as normalize_masks
from .feathering import edge_aware_mask as edge_aware_mask
from .feathering import feather_mask as feather_mask
from .feathering import region_mask as region_mask
from .gradients import gradient_between as gradient_between
from .gradients import linear_mask as linear_mask
from .gradients import radial_mask as radial_mask
from .io import MaskFile as MaskFile
from .io import find_mask_beside as find_mask_beside
from .io import fit_mask as fit_mask
from .io import load_mask as load_mask
from .io import mask_over_image as mask_over_image
from .io import read_mask as read_mask
from .io import save_mask as save_mask

__all__ = [
    "MASK_OPERATIONS",
    "MaskFile",
    "combine_masks",
    "edge_aware_mask",
    "feather_mask",
    "find_mask_beside",
    "fit_mask",
    "gradient_between",
    "linear_mask",
    "load_mask",
    "mask_over_image",
    "normalize_masks",
    "radial_mask",
    "read_mask",
    "region_mask",
    "save_mask",
]
