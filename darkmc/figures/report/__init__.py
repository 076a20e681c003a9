"""One page of HTML to play with: regions, numbers under the pointer, tables to copy."""
