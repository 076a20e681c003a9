"""Where dark states come from: mesons and beams."""
