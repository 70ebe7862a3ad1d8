"""Services for customers and staff: one function per change of state.

Read in this order: contracts, hierarchy, deputies.
"""
