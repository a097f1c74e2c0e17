"""Coverage-guided fuzzing: bytes are bred to reach what no test thought of. See "Fuzzing" in CONTRIBUTING.md."""
