from .color import lightness_only as lightness_only
from .color import match_colors as match_colors
from .color import match_lightness as match_lightness
from .color import with_content_chroma as with_content_chroma
from .compositing import mask_over_image as mask_over_image
from .contact_sheet import Panel as Panel
from .contact_sheet import make_sheet as make_sheet
from .decoding import read_orientation as read_orientation
from .denoise import denoise_image as denoise_image
from .files import READABLE_SUFFIXES as READABLE_SUFFIXES
from .guided_filter import edge_aware_mask as edge_aware_mask
from .headers import file_notes as file_notes
from .headers import read_dpi as read_dpi
from .headers import read_size as read_size
from .headers import usual_suffix as usual_suffix
from .io import Picture as Picture
from .io import encode_image as encode_image
from .io import load_image as load_image
from .io import read_metadata as read_metadata
from .io import save_image as save_image
from .io import save_mask as save_mask
from .layers import Layer as Layer
from .layers import save_layers as save_layers
from .pixels import Image as Image
from .pixels import Mask as Mask
from .pixels import Size as Size
from .pixels import fit_size as fit_size
from .pixels import resize_image as resize_image
from .pixels import resize_mask as resize_mask
from .pixels import to_uint8 as to_uint8
from .writing import check_writable as check_writable
from .writing import write_text as write_text

__all__ = [
    "READABLE_SUFFIXES",
    "Image",
    "Layer",
    "Mask",
    "Panel",
    "Picture",
    "Size",
    "check_writable",
    "denoise_image",
    "edge_aware_mask",
    "encode_image",
    "file_notes",
    "fit_size",
    "lightness_only",
    "load_image",
    "make_sheet",
    "mask_over_image",
    "match_colors",
    "match_lightness",
    "read_dpi",
    "read_metadata",
    "read_orientation",
    "read_size",
    "resize_image",
    "resize_mask",
    "save_image",
    "save_layers",
    "save_mask",
    "to_uint8",
    "usual_suffix",
    "with_content_chroma",
    "write_text",
]
