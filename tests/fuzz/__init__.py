"""Fuzzers: wild input of every kind, to which the answer is a number with an error or one clear line."""
