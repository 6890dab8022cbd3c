"""Evaluate large images tile by tile: exact results in bounded memory."""
