"""What can be done with tickets and mail: one function per change of state."""
