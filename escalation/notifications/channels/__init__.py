"""Brings one text to one address outside: chat, SMS, call or webhook. Knows no database."""
