"""Explains one promise to somebody who doubts it.

Read in this order: reading.py loads, building.py makes the facts of facts.py, counting.py counts working time;
words.py tells it in sentences, and document.py as JSON.
"""
