"""The admin of absences, and of the tickets that an absence moved."""
