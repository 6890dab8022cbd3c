"""The studio: paint maps and see the result in a browser page on your own machine."""
