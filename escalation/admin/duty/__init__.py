"""The admin of duty rotas, and of the records of changes to them.

Read in this order: rota, layer, layer_text, shift; calendar_page, forms; records.
"""
