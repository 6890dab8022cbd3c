from . import drafting as drafting
from . import evaluation as evaluation
from . import images as images
from . import maps as maps
from . import masks as masks
from . import networks as networks
from . import plans as plans
from . import techniques as techniques
from .errors import MaskstyleError as MaskstyleError
from .guidance.layout import StyleImage as StyleImage
from .images.io import load_image as load_image
from .images.io import read_metadata as read_metadata
from .images.io import save_image as save_image
from .maps.io import load_map as load_map
from .masks.io import load_mask as load_mask
from .objective.shared import SharedGraphs as SharedGraphs
from .plans.read import read_plan as read_plan
from .settings import DOODLE_SETTINGS as DOODLE_SETTINGS
from .settings import Limits as Limits
from .settings import PatchSettings as PatchSettings
from .settings import Settings as Settings
from .synthesis.checkpoints import Checkpoints as Checkpoints
from .synthesis.paint import Run as Run
from .synthesis.paint import paint as paint
from .synthesis.progress import TimeLeft as TimeLeft
from .synthesis.result import Result as Result
from .synthesis.scales import Step as Step
from .techniques.basic import transfer_basic as transfer_basic
from .techniques.doodle import transfer_doodle as transfer_doodle
from .techniques.mask import transfer_mask as transfer_mask
from .techniques.patch import transfer_patch as transfer_patch
from .techniques.plan import PlanRegion as PlanRegion
from .techniques.plan import transfer_plan as transfer_plan
from .techniques.region import transfer_region as transfer_region

__version__: str
__all__: list[str]
