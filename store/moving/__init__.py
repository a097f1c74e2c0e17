"""Moving house: a store written to a file that any engine reads, and read from it; and a file that is there whole or not."""
