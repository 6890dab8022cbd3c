"""Large images in bounded memory: evaluated tile by tile, exactly."""
