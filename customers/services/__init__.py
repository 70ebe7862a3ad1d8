"""What can be done with customers and staff: one function per change of state.

Read in this order: contracts, hierarchy, deputies.
"""
