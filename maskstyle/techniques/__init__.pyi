from .basic import BasicInputs as BasicInputs
from .doodle import DoodleInputs as DoodleInputs
from .inputs import Inputs as Inputs
from .mask import MaskInputs as MaskInputs
from .patch import PatchInputs as PatchInputs
from .plan import PlanInputs as PlanInputs
from .region import RegionInputs as RegionInputs
from .registry import TECHNIQUES as TECHNIQUES

__all__: list[str]
