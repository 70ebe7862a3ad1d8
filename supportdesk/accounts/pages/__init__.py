"""Where browsers and django-allauth reach the accounts: the pages, and the adapters that allauth calls.

Read in this order: urls, desk_look, sign_in, adapter, session_start, dangerous_pages, my_account,
new_password, own_address, second_factor, second_factor_adapter, help_locked_out,
single_sign_on.
"""
