"""The proof of the ledger: seals over its lines, and everything by which tampering shows.

Read in this order: sealing, inclusion, manifest_proof; seal_checks, message_checks, erased_words, rights, whole_proof.
"""
