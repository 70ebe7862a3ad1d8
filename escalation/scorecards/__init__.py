"""Scorecards of any period: what became of the promises, line by line, with the rows behind each figure.

Read in this order: periods names the time; readers says who may read which line; dimensions finds the line that a
promise, an incident or a ticket counts for; solved_tickets reads what keeps speed honest; figures names each figure;
counting makes the lines; weekly_trend and heat_map show when things happen; behind finds the rows behind a figure
again. The promises are judged by exports.promises, as for the weekly pack.
"""
