"""What a TOML card may say, and how cards are found, read and checked."""
