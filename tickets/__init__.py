"""The conversation and who owns it; mail in, mail out. Knows nothing of clocks."""
