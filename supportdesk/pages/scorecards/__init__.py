"""The page of scorecards: choice reads what was asked for, columns shows a line, drawing the trend and the heat maps.

Read in this order: view, choice, columns, drawing.
"""
