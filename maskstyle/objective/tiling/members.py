"""The former home of `Selection`, which is in `maskstyle.objective.tiling.tile_cells`."""

from maskstyle.objective.tiling.tile_cells import Selection

__all__ = ["Selection"]
