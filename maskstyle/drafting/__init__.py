"""Drafts of semantic maps: superpixels, what they look like, and which of them belong together."""
