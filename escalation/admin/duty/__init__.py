"""The admin of duty rotas, and the records of what was done to them.

Read in this order: rota, layer, layer_text, shift; calendar_page, forms; records.
"""
