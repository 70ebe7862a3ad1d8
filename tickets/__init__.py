"""The conversation with a customer and who owns it; mail in and mail out. Knows nothing of clocks.

Read in this order: choices, models, events, message_content; mail (the parser); protocols (IMAP and SMTP); triage
(mail rules); services (intake, conversation, opening, ownership, status_and_priority, outgoing); tasks, listener,
nudges; access, search, timeline_text, sign_text, mail_kind_text, mail_note_text,
mailbox_problem_text, authentication_text, answer_line, erased_text, remote_images,
repeated_words, errors, tag_names, words_digest, lib; admin, views, urls.
"""
