"""Models of a dark sector, a folder each."""
