"""Ready runs: tables and pictures of a card."""
