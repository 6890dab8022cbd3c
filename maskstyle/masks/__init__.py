"""Soft masks: read, made, feathered and combined."""
