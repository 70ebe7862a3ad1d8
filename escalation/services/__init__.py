"""What can be done with promises: one function per change of state."""
