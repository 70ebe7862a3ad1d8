"""Fire drills: a marked P0 that runs the real chain to real people. Read drills, then report."""
