"""Writers: ROOT event files and CSV tables, to a temporary name and then renamed."""
