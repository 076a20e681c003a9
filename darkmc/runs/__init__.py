"""Ready runs, a module for each kind: its tables, and the picture drawn from them."""
