"""Rules for incoming mail: what a mail says, which rules apply to it, and what they would have done last week.

Read in this order: readable_text, word_matching, denied_words, facts, rule_matching, rule_book, dry_run.
"""
