"""Rows, the samples that they make up, and what is read off them."""
