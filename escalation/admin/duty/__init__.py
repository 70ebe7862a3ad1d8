"""The admin of duty rotas: rotas, layers, shifts, the calendar page, and the records of what was done."""
