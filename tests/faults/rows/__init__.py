"""What breaks: a module for each, with `play`, which plays all its faults."""
