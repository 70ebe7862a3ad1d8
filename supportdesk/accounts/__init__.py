"""Accounts: who signs in, how, from where and how often, what is written down of it, and who may read what.

Read in this order: pages; client_address, sign_in_limits, password_gate, sign_ins, agents, session_limits,
recent_proof, second_factors, group_mapping, browser_sessions, letters, shared_cache; administrator, one_time_password,
reader.
"""
