"""Semantic maps: from painted colors to labels, and which region goes with which."""
