"""The admin of weekly packs and their subscribers."""
