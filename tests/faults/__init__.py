"""What holds while things break: real processes, really killed."""
