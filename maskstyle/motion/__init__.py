"""Motion between the frames of a clip: optical flow, where it can be trusted, and what follows it."""
