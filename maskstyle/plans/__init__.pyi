from .load import FileReader as FileReader
from .load import LoadedPlan as LoadedPlan
from .load import load_plan as load_plan
from .plan import Plan as Plan
from .plan import style_names as style_names
from .read import plan_from_table as plan_from_table
from .read import read_plan as read_plan
from .records import run_record as run_record
from .write import plan_text as plan_text

__all__ = [
    "FileReader",
    "LoadedPlan",
    "Plan",
    "load_plan",
    "plan_from_table",
    "plan_text",
    "read_plan",
    "run_record",
    "style_names",
]
