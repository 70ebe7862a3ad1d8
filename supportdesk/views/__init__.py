"""Views of the desk beside the admin's own."""
